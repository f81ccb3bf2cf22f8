using System.Diagnostics;
using Kalm.Alignment.Losses;
using Kalm.Distributed;
using Kalm.Language.Execution;
using Kalm.Language.Generation;
using Kalm.Language.Model;
using Kalm.Language.Pretraining;
using Kalm.Language.Tokenization;
using Kalm.Representation;

namespace Kalm.Alignment.Keeping;

/// <summary>Keeps the base at hand during training, to hold the model to it and to tell at the end what was kept.</summary>
internal sealed class LanguageKeeper : IDisposable
{
    private const int HeldOutEvery = 8;
    private const int AnswerTokens = 48;

    private static readonly string[] Questions =
    [
        "What is the capital of Peru?", "Name three rivers of Germany.", "How many legs does a spider have?", "Why is the sky blue?",
        "Write one sentence about the sea.",
    ];

    private static readonly string[] Beginnings =
        ["The capital of Peru is", "Three rivers of Germany are", "A spider is", "The sky is blue because", "In the beginning"];

    private readonly AlignmentModel model;
    private readonly CausalModel baseModel;
    private readonly Wording wording;
    private readonly DecoderPool teacher;
    private readonly IReadOnlyList<KeptText> heldOut;
    private readonly KeepLoss? loss;
    private readonly double perplexityBefore;
    private readonly List<string> answersBefore;

    private LanguageKeeper(
        AlignmentModel model, CausalModel baseModel, DecoderPool teacher, Wording wording,
        IReadOnlyList<KeptText> texts, AlignmentOptions options, double weight, ICollectives ranks,
        CancellationToken cancellation)
    {
        (this.model, this.baseModel, this.teacher, this.wording) = (model, baseModel, teacher, wording);
        // One text alone is measured and trained on; where nothing is trained on them, all are measured.
        heldOut = weight > 0 ? [.. texts.Where((_, index) => index % HeldOutEvery == 0)] : texts;
        var watch = Stopwatch.StartNew();
        perplexityBefore = Perplexity(teacher);
        answersBefore = Answers(teacher, cancellation);
        CompareSeconds = watch.Elapsed.TotalSeconds;
        if (weight > 0)
        {
            var trained = texts.Count == 1 ? texts : [.. texts.Where((_, index) => index % HeldOutEvery != 0)];
            loss = new KeepLoss(model, teacher, trained, options, weight, ranks, cancellation);
        }
    }

    /// <summary>The term of the loss; null where it has no weight.</summary>
    public IAlignmentLoss? Loss => loss;

    /// <summary>How long <see cref="Compare"/> takes, as far as the base tells.</summary>
    public double CompareSeconds { get; }

    /// <summary>Prepares: the base writes its texts, unless the run has them already.</summary>
    /// <param name="model">What learns.</param>
    /// <param name="baseModel">Its base; not owned.</param>
    /// <param name="writes">Whether the base was made to write.</param>
    /// <param name="wording">How the model is asked.</param>
    /// <param name="given">Plain texts to take in the place of those that the base writes; none by default.</param>
    /// <param name="names">The graph's, which every other text begins with.</param>
    /// <param name="options">The options.</param>
    /// <param name="run">The run's folder, where the texts are left; null on other ranks than the first, which tells them
    /// the texts.</param>
    /// <param name="ranks">Who trains together.</param>
    /// <param name="progress">Told what happens; may be null.</param>
    /// <param name="cancellation">Stops between tokens.</param>
    /// <returns>The keeper; null where nothing is kept and the base was not made to write.</returns>
    public static LanguageKeeper? Prepare(
        AlignmentModel model, CausalModel baseModel, bool writes, Wording wording,
        IReadOnlyList<string> given, IReadOnlyList<string> names, AlignmentOptions options, string? run, ICollectives ranks,
        IProgress<ProgressEvent>? progress, CancellationToken cancellation)
    {
        var isChat = wording.Questions.Form == PromptForm.Chat;
        var weight = options.Keep.Weight!.Value;
        if (weight == 0 && given.Count == 0 && !writes)
            return null;
        var teacher = new DecoderPool(baseModel, null, null, options.Threads ?? Environment.ProcessorCount);
        try
        {
            var texts = ranks.FromFirst(() => KeptText.Load(run!) ?? Written(run!));
            if (texts.Count > 0)
                return new LanguageKeeper(model, baseModel, teacher, wording, texts, options, weight, ranks, cancellation);
            teacher.Dispose();
            return null;
        }
        catch
        {
            teacher.Dispose();
            throw;
        }

        IReadOnlyList<KeptText> Written(string run)
        {
            var texts = Texts(new OwnWriting(teacher, baseModel.Tokenizer, wording.Questions, names, options.Keep, options.Seed));
            if (texts.Count == 0 && weight > 0)
                throw new KalmException(
                    "keep: the base wrote no text to be held to; expected at least one: name some with --text, or "
                        + "set keep.weight to 0");
            KeptText.Save(run, texts);
            return texts;
        }

        List<KeptText> Texts(OwnWriting writing)
        {
            // Without the term only the texts to be measured are wanted.
            var count = weight > 0 ? options.Keep.Texts : Math.Max(2, options.Keep.Texts / HeldOutEvery);
            var chats = isChat ? writing.Chats(given.Count > 0 ? count : count / 2, progress, cancellation) : [];
            var length = Math.Min(options.Keep.TextTokens, baseModel.Config.ContextLength);
            var plain = given.Count == 0 ? writing.Plain(count - chats.Count, progress, cancellation)
                : [.. given.SelectMany(text => TextStream.Pieces(baseModel.Tokenizer, text, length))
                    .Select(piece => KeptText.Of(baseModel.Tokenizer, piece, 0))];
            // Both kinds are held out alike.
            return [.. Spread(chats).Concat(Spread(plain)).OrderBy(item => item.Place).Select(item => item.Text)];
        }
    }

    private static IEnumerable<(double Place, KeptText Text)> Spread(List<KeptText> texts) =>
        texts.Select((text, index) => ((index + 0.5) / texts.Count, text));

    /// <summary>Compares the model as it stands with its base.</summary>
    public KeptLanguage Compare(CancellationToken cancellation)
    {
        var after = Answers(model.Decoder, cancellation);
        return new KeptLanguage(
            heldOut.Count, perplexityBefore, Perplexity(model.Decoder),
            [.. Prompts().Select((prompt, index) => new KeptAnswer(prompt, answersBefore[index], after[index]))]);
    }

    private double Perplexity(DecoderPool pool)
    {
        var likelihoods = pool.LogLikelihoods([.. heldOut.Select(text => text.Row)], [.. heldOut.Select(text => text.Labels)]);
        return Math.Exp(-likelihoods.Sum(text => text.Sum(value => (double)value)) / likelihoods.Sum(text => text.Length));
    }

    private string[] Prompts() => wording.Questions.Form == PromptForm.Chat ? Questions : Beginnings;

    private List<string> Answers(DecoderPool pool, CancellationToken cancellation)
    {
        var room = baseModel.Config.ContextLength - AnswerTokens;
        if (room <= AnswerTokens)
            return [.. Prompts().Select(_ => "")];
        var prompts = Prompts().Select(prompt => wording.Questions.Form == PromptForm.Chat
            ? wording.Questions.Ask(wording.Questions.Free(prompt), [], room).Tokens
            : baseModel.Tokenizer.Begin(baseModel.Tokenizer.Encode(prompt))).ToList();
        return [.. new Generator(pool, baseModel.Tokenizer).Continue(
            prompts, new GenerationOptions { MaximumNewTokens = AnswerTokens }, null, cancellation)
            .Select(answer => answer.Text.Trim())];
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        loss?.Dispose();
        teacher.Dispose();
    }
}
