using Kalm.Alignment.Options;
using Kalm.Language.Execution;
using Kalm.Language.Generation;
using Kalm.Language.Tokenization;
using Kalm.Representation;

namespace Kalm.Alignment.Keeping;

/// <summary>Texts that a model writes by itself, with nothing given but how texts begin: a chat model writes the user's question and then
/// its answer (as Magpie does, arXiv 2406.08464), and every model plain text. Every other text begins with a name of the graph: what is
/// learned of it changes most what is said of it.</summary>
/// <param name="pool">The model; not owned.</param>
/// <param name="tokenizer">Its tokenizer.</param>
/// <param name="questions">How it is asked.</param>
/// <param name="names">The graph's, at least one.</param>
/// <param name="options">How much is written.</param>
/// <param name="seed">Decides what.</param>
internal sealed class OwnWriting(
    DecoderPool pool, Tokenizer tokenizer, QuestionWording questions, IReadOnlyList<string> names, KeepOptions options, long seed)
{
    private const string Separator = "<|endoftext|>";
    // Answers near those that are read most: the likeliest ones. Questions and plain texts as they come, for breadth.
    private const double AnswerTemperature = 0.7;
    private const string Stage = "the base writes texts to be held to";

    /// <summary>Writes chats.</summary>
    public List<KeptText> Chats(int count, IProgress<ProgressEvent>? progress, CancellationToken cancellation)
    {
        int[] opening = [.. questions.Opening];
        var begun = Begun(opening, count, "names of questions", questions.Words);
        var asked = begun.Zip(Write(begun, options.TextTokens / 4, 1, "own questions", progress, cancellation))
            .Where(question => question.First.Length > opening.Length || question.Second.Text.Trim().Length > 0)
            .Select(question => (int[])[.. question.First, .. question.Second.Tokens, .. questions.Answering]).ToList();
        var answers = Write(asked, options.TextTokens * 3 / 8, AnswerTemperature, "own answers", progress, cancellation);
        return [.. asked.Zip(answers, (prompt, answer) => KeptText.Of(
            tokenizer, [.. prompt, .. answer.Tokens, .. Ended(answer, questions.EndId)], opening.Length - 1))];
    }

    /// <summary>Writes plain texts.</summary>
    public List<KeptText> Plain(int count, IProgress<ProgressEvent>? progress, CancellationToken cancellation)
    {
        // What set texts apart when the model was made: a chat model's own begin and end tokens belong to chats.
        int[] opening = tokenizer.Find(Separator) is { } separator ? [separator]
            : tokenizer.BeginIds.Count > 0 ? [.. tokenizer.BeginIds] : tokenizer.EndId is { } end ? [end] : [];
        if (opening.Length == 0)
            return [];
        var begun = Begun(opening, count, "names of texts", tokenizer.EncodeSaid);
        return [.. begun.Zip(Write(begun, options.TextTokens, 1, "own plain texts", progress, cancellation))
            .Where(text => text.Second.Tokens.Count > 0)
            .Select(text => KeptText.Of(tokenizer, [.. text.First, .. text.Second.Tokens], opening.Length - 1))];
    }

    private List<int[]> Begun(int[] opening, int count, string draw, Func<string, int[]> encode)
    {
        var random = Randomness.For(seed, draw, 0);
        return [.. Enumerable.Range(0, count).Select(index => index % 2 == 0 ? opening
            : (int[])[.. opening, .. encode(names[random.Next(names.Count)]).Take(options.TextTokens / 4)])];
    }

    private IReadOnlyList<Continuation> Write(
        IEnumerable<int[]> prompts, int tokens, double temperature, string draw, IProgress<ProgressEvent>? progress,
        CancellationToken cancellation)
    {
        var given = prompts.ToList();
        var told = progress is null ? null : new Counted(done => progress.Report(new ProgressStage(Stage, done, given.Count)));
        return new Generator(pool, tokenizer).Continue(
            given, new GenerationOptions { MaximumNewTokens = tokens, Temperature = temperature, Seed = Randomness.Seed(seed, draw, 0) },
            told, cancellation);
    }

    private static int[] Ended(Continuation text, int? end) => text.End == GenerationEnd.Stop && end is { } id ? [id] : [];

    private sealed class Counted(Action<int> tell) : IProgress<int>
    {
        public void Report(int value) => tell(value);
    }
}
