namespace Kalm.Evaluation.Ranking;

/// <summary>The entities of each text.</summary>
internal sealed class TextEntities
{
    // The entities of a text lie at [starts[text], starts[text + 1]), ascending.
    private readonly int[] starts;
    private readonly int[] entities;

    /// <summary>Turns a numbering around.</summary>
    /// <param name="textOfEntity">For each entity the number of its text.</param>
    /// <param name="texts">How many texts there are.</param>
    public TextEntities(int[] textOfEntity, int texts)
    {
        TextOfEntity = textOfEntity;
        Counts = new int[texts];
        foreach (var text in textOfEntity)
            Counts[text]++;
        starts = new int[texts + 1];
        for (var text = 0; text < texts; text++)
            starts[text + 1] = starts[text] + Counts[text];
        entities = new int[textOfEntity.Length];
        var next = starts[..texts];
        for (var entity = 0; entity < textOfEntity.Length; entity++)
            entities[next[textOfEntity[entity]]++] = entity;
    }

    /// <summary>For each entity the number of its text.</summary>
    public int[] TextOfEntity { get; }

    /// <summary>How many entities have each text.</summary>
    public int[] Counts { get; }

    /// <summary>The entities of a text, ascending.</summary>
    public ReadOnlySpan<int> Of(int text) => entities.AsSpan(starts[text]..starts[text + 1]);
}
