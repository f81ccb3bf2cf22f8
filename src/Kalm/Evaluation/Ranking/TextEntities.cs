namespace Kalm.Evaluation.Ranking;

/// <summary>The entities of each text.</summary>
internal sealed class TextEntities
{
    // The entities of a text lie at [starts[text], starts[text + 1]), ascending.
    private readonly int[] starts;
    private readonly int[] entities;
    private readonly bool[]? isCandidate;

    /// <summary>Turns a numbering around.</summary>
    /// <param name="textOfEntity">For each entity the number of its text.</param>
    /// <param name="texts">How many texts there are.</param>
    /// <param name="candidates">The entities that count; null for all.</param>
    public TextEntities(int[] textOfEntity, int texts, IReadOnlyCollection<int>? candidates = null)
    {
        TextOfEntity = textOfEntity;
        Counts = new int[texts];
        if (candidates is not null)
        {
            isCandidate = new bool[textOfEntity.Length];
            foreach (var entity in candidates)
                isCandidate[entity] = true;
        }
        for (var entity = 0; entity < textOfEntity.Length; entity++)
            if (IsCandidate(entity))
                Counts[textOfEntity[entity]]++;
        starts = new int[texts + 1];
        for (var text = 0; text < texts; text++)
            starts[text + 1] = starts[text] + Counts[text];
        entities = new int[starts[^1]];
        var next = starts[..texts];
        for (var entity = 0; entity < textOfEntity.Length; entity++)
            if (IsCandidate(entity))
                entities[next[textOfEntity[entity]]++] = entity;
    }

    /// <summary>For each entity the number of its text.</summary>
    public int[] TextOfEntity { get; }

    /// <summary>How many entities that count have each text.</summary>
    public int[] Counts { get; }

    /// <summary>Whether some entities do not count.</summary>
    public bool IsSelection => isCandidate is not null;

    /// <summary>Whether an entity counts.</summary>
    public bool IsCandidate(int entity) => isCandidate is null || isCandidate[entity];

    /// <summary>The entities of a text, ascending.</summary>
    public ReadOnlySpan<int> Of(int text) => entities.AsSpan(starts[text]..starts[text + 1]);
}
