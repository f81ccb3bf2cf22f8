using Kalm.Graph;
using Kalm.Language.Execution;

namespace Kalm.Representation;

/// <summary>What the layers below the trained ones make of every view that training asks for, computed once: a step then begins above them.
/// Of each entity text its views lie one behind the other, the description that they share first.</summary>
public sealed class ViewStates : IDisposable
{
    private const int TextsAtOnce = 2048;
    private const string Stage = "the frozen layers read";
    private readonly TextIndex texts;
    private readonly long[] queries;
    private readonly long[] placeOfQuery;
    private readonly long[] placeOfText;
    private readonly StateFile file;
    private readonly DecoderPool decoder;

    /// <summary>Reads all views.</summary>
    /// <param name="decoder">The model; its lower layers learn nothing. Not owned; reads from here until this is disposed.</param>
    /// <param name="texts">The graph's texts.</param>
    /// <param name="rows">What training may ask.</param>
    /// <param name="path">The file that holds the states while this lives.</param>
    /// <param name="progress">Told what it takes, and how far it is; may be null.</param>
    /// <param name="cancellation">Stops between portions.</param>
    /// <exception cref="KalmException">There is no room for the file.</exception>
    public ViewStates(
        DecoderPool decoder, TextIndex texts, IEnumerable<DirectedRow> rows, string path, IProgress<ProgressEvent>? progress,
        CancellationToken cancellation)
    {
        (this.decoder, this.texts) = (decoder, texts);
        queries = [.. rows.Select(row => texts.QueryText(row.Head, row.DirectedRelation)).Distinct().Order()];
        placeOfQuery = new long[queries.Length];
        placeOfText = new long[texts.Descriptions.Count];
        var end = 0L;
        for (var (text, query) = (0, 0); text < placeOfText.Length; text++)
        {
            placeOfText[text] = end;
            var from = query;
            query = EndOf(text, from);
            var lengths = Lengths(Trees(text, from, query)).ToArray();
            end += lengths[0];
            for (var index = from; index < query; index++)
            {
                placeOfQuery[index] = end;
                end += lengths[1 + index - from];
            }
        }
        progress?.Report(new ProgressNote(
            $"lora.trained_layers: the lower {decoder.FrozenLayers} of {decoder.Config.LayerCount} layers read "
            + $"{end:N0} tokens of the graph's texts once; {StateBytes(end) / 1e6:N0} MB beside the run while it trains"));
        file = new StateFile(path, end, decoder.Config.HiddenSize);
        try
        {
            var next = 0;
            for (var text = 0; text < placeOfText.Length; text += TextsAtOnce)
            {
                cancellation.ThrowIfCancellationRequested();
                var portion = new List<TokenRow>();
                for (var one = text; one < Math.Min(text + TextsAtOnce, placeOfText.Length); one++)
                {
                    var from = next;
                    next = EndOf(one, from);
                    portion.AddRange(Rows(one, from, next));
                }
                decoder.KeepBelow(portion, file);
                progress?.Report(new ProgressStage(Stage, Math.Min(text + TextsAtOnce, placeOfText.Length), placeOfText.Length));
            }
            file.Finish();
            decoder.Below = file;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Says where the states of some views of a text lie.</summary>
    /// <param name="entityText">The text.</param>
    /// <param name="trees">Its views, from <see cref="Wording.Views"/>.</param>
    /// <param name="withEntityView">Whether its own view is the first of them.</param>
    /// <param name="asked">The numbers of the queries behind it.</param>
    public IEnumerable<TextTree> Placed(int entityText, IEnumerable<TextTree> trees, bool withEntityView, IReadOnlyList<long> asked)
    {
        var view = withEntityView ? -1 : 0;
        foreach (var tree in trees)
        {
            var branches = new List<Branch>(tree.Branches.Count);
            foreach (var branch in tree.Branches)
            {
                var place = view < 0 ? placeOfText[entityText] + tree.Prefix.Length : placeOfQuery[PlaceOf(asked[view])];
                branches.Add(branch with { StatesAt = place });
                view++;
            }
            yield return tree with { Branches = branches, StatesAt = placeOfText[entityText] };
        }
    }

    // The first query behind those of a text.
    private int EndOf(int text, int from)
    {
        while (from < queries.Length && texts.EntityTextOf(queries[from]) == text)
            from++;
        return from;
    }

    private int PlaceOf(long query)
    {
        var place = Array.BinarySearch(queries, query);
        return place >= 0 ? place : throw new InvalidOperationException($"query {query}: not among those that were read");
    }

    private IEnumerable<TextTree> Trees(int text, int from, int to) => texts.Wording.Views(
        texts.Descriptions[text], withEntityView: true,
        [.. queries[from..to].Select(query => texts.Relations[texts.RelationTextOf(query)])]);

    // The description with the entity view, then each query.
    private static IEnumerable<long> Lengths(IEnumerable<TextTree> trees)
    {
        var prefix = 0;
        foreach (var tree in trees)
            foreach (var branch in tree.Branches)
            {
                yield return branch.Tokens.Length + (prefix == 0 ? tree.Prefix.Length : 0);
                prefix = tree.Prefix.Length;
            }
    }

    // A description that stands in several rows is kept from the first.
    private IEnumerable<TokenRow> Rows(int text, int from, int to)
    {
        foreach (var tree in Placed(text, Trees(text, from, to), true, queries[from..to]))
        {
            var isFirst = true;
            foreach (var row in tree.ToRows(Forest.RowTokens))
            {
                if (!isFirst)
                    row.StatesAt.AsSpan(0, tree.Prefix.Length).Fill(-1);
                isFirst = false;
                yield return row;
            }
        }
    }

    private long StateBytes(long tokens) => tokens * decoder.Config.HiddenSize * sizeof(ushort);

    /// <inheritdoc/>
    public void Dispose()
    {
        decoder.Below = null;
        file.Dispose();
    }
}
