using System.Diagnostics;
using Kalm.Extensions;
using Kalm.Language.Generation;
using Kalm.Representation;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;

namespace Kalm.Tests.Extensions;

/// <summary>A model that tests share, and the folder it is in.</summary>
public sealed class SharedFixture : IDisposable
{
    private readonly TemporaryFolder folder = new();
    private readonly Tests.Graph.SmallGraph files = FamilyGraph.Make();

    public SharedFixture()
    {
        Path = TinyModel.Make(folder, files.Load());
        Model = SharedModel.Load(Path, new SharedModelOptions { Threads = 2 });
        (Embeddings, Chat) = (new KalmEmbeddingGenerator(Model), new KalmChatClient(Model));
    }

    public string Path { get; }

    public SharedModel Model { get; }

    public IEmbeddingGenerator<string, Embedding<float>> Embeddings { get; }

    public IChatClient Chat { get; }

    internal TemporaryFolder Folder => folder;

    public void Dispose()
    {
        Embeddings.Dispose();
        Chat.Dispose();
        Model.Dispose();
        files.Dispose();
        folder.Dispose();
    }
}

public class SharedModelTests(SharedFixture fixture) : IClassFixture<SharedFixture>
{

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Vectors_are_the_encoders_and_the_same_from_many_threads()
    {
        string[] texts = [.. Enumerable.Range(0, 200).Select(number => $"fish{number}, a fish of number {number}")];
        using var alone = new LoadedModel(OpenedModel.Open(fixture.Path));
        float[][] expected;
        using (TorchSharp.torch.NewDisposeScope())
        {
            var forest = new ViewForest(
                alone.Wording, [.. texts.Select(text => new ViewRequest(alone.Wording.Description(text), true, []))]);
            var values = Encoder.Encode(alone.Decoder, forest.Rows, null, TestContext.Current.CancellationToken).data<float>().ToArray();
            expected = [.. texts.Select((_, index) => values.AsSpan(forest.Reads(index)[0] * 32, 32).ToArray())];
        }
        var together = await fixture.Embeddings.GenerateAsync(texts, cancellationToken: Cancellation);
        Assert.Equal(texts.Sum(text => alone.Wording.Description(text).Length), together.Usage!.InputTokenCount);
        var each = await Task.WhenAll(texts.Select(text => Task.Run(
            () => fixture.Embeddings.GenerateVectorAsync(text, cancellationToken: Cancellation), Cancellation)));
        for (var index = 0; index < texts.Length; index++)
            foreach (var found in new[] { together[index].Vector, each[index] })
                Assert.Equal(0, found.ToArray().Zip(expected[index], (left, right) => Math.Abs(left - right)).Max(), 1e-5);
    }

    [Fact]
    public async Task An_answer_is_what_the_library_writes_and_a_stream_gives_it_piece_by_piece()
    {
        var model = fixture.Model.Model;
        var questions = model.Wording.Questions;
        var prompt = questions.Ask(questions.Free("Be brief.\nWhat is a fish?"), [], 200).Tokens;
        using var alone = new LoadedModel(OpenedModel.Open(fixture.Path));
        var expected = new Generator(alone.Decoder, alone.Model.Tokenizer).Continue(
            [prompt], new GenerationOptions { MaximumNewTokens = 20 }, cancellation: Cancellation)[0];

        ChatMessage[] messages = [new(ChatRole.System, "Be brief."), new(ChatRole.User, "What is a fish?")];
        var answer = await fixture.Chat.GetResponseAsync(messages, new ChatOptions { MaxOutputTokens = 20 }, Cancellation);
        Assert.Equal(expected.Text, answer.Text);
        Assert.Equal(expected.End == GenerationEnd.Stop ? ChatFinishReason.Stop : ChatFinishReason.Length, answer.FinishReason);
        Assert.Equal((prompt.Length, expected.Tokens.Count), ((int)answer.Usage!.InputTokenCount!, (int)answer.Usage.OutputTokenCount!));
        Assert.Equal((ChatRole.Assistant, "base"), (answer.Messages.Single().Role, answer.ModelId));

        var updates = new List<ChatResponseUpdate>();
        await foreach (var update in fixture.Chat.GetStreamingResponseAsync(
            "What is a fish?", new ChatOptions { MaxOutputTokens = 20, Instructions = "Be brief." }, Cancellation))
            updates.Add(update);
        Assert.True(updates.Count(update => update.Text.Length > 0) > 1);
        Assert.Equal(answer.Text, updates.ToChatResponse().Text);
        Assert.Equal(answer.Usage.OutputTokenCount, updates.ToChatResponse().Usage!.OutputTokenCount);
        Assert.Single(updates.Select(update => update.ResponseId).Distinct());
    }

    [Fact]
    public async Task Chats_side_by_side_are_answered_as_alone()
    {
        var options = new ChatOptions
        {
            MaxOutputTokens = 15, Temperature = 0.9f, TopP = 0.95f, TopK = 50, Seed = 7, StopSequences = ["zq"],
        };
        string[] questions = [.. Enumerable.Range(0, 24).Select(number => $"What is number {number}?")];
        var alone = new List<string>();
        foreach (var question in questions)
            alone.Add((await fixture.Chat.GetResponseAsync(question, options, Cancellation)).Text);
        var together = await Task.WhenAll(
            questions.Select(question => Task.Run(() => fixture.Chat.GetResponseAsync(question, options, Cancellation), Cancellation)));
        Assert.Equal(alone, together.Select(answer => answer.Text));
    }

    [Fact]
    public async Task Who_leaves_frees_the_model_at_once()
    {
        var endless = new ChatOptions { MaxOutputTokens = 100_000, Temperature = 2, Seed = 3 };
        using (var leaving = CancellationTokenSource.CreateLinkedTokenSource(Cancellation))
            await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
            {
                await foreach (var _ in fixture.Chat.GetStreamingResponseAsync("Go on", endless, leaving.Token))
                    await leaving.CancelAsync();
            });
        // Who only stops to read has left too.
        for (var turn = 0; turn < 40; turn++)
            await foreach (var _ in fixture.Chat.GetStreamingResponseAsync("Go on", endless, Cancellation))
                break;
        var clock = Stopwatch.StartNew();
        await fixture.Chat.GetResponseAsync("Next", new ChatOptions { MaxOutputTokens = 1 }, Cancellation);
        Assert.InRange(clock.Elapsed.TotalSeconds, 0, 5);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => fixture.Embeddings.GenerateAsync(["a"], cancellationToken: new CancellationToken(canceled: true)));
    }

    [Fact]
    public async Task A_container_gives_both_and_frees_the_model()
    {
        IEmbeddingGenerator<string, Embedding<float>> generator;
        var provider = new ServiceCollection().AddKalm(fixture.Path, new SharedModelOptions { Threads = 1 }).BuildServiceProvider();
        await using (provider)
        {
            generator = provider.GetRequiredService<IEmbeddingGenerator<string, Embedding<float>>>();
            Assert.Same(generator, provider.GetRequiredService<IEmbeddingGenerator>());
            Assert.Equal(32, (await generator.GenerateVectorAsync("a fish", cancellationToken: Cancellation)).Length);
            Assert.Same(
                provider.GetRequiredService<SharedModel>(), provider.GetRequiredService<IChatClient>().GetService(typeof(SharedModel)));
        }
        Assert.False(
            (await Assert.ThrowsAsync<ModelUnavailableException>(
                () => generator.GenerateAsync(["a"], cancellationToken: Cancellation))).IsBusy);
    }

    [Fact]
    public void The_model_is_described()
    {
        var vectors = (EmbeddingGeneratorMetadata)fixture.Embeddings.GetService(typeof(EmbeddingGeneratorMetadata))!;
        Assert.Equal(("kalm", "base", 32), (vectors.ProviderName, vectors.DefaultModelId, vectors.DefaultModelDimensions));
        Assert.Equal("base", fixture.Chat.GetService<ChatClientMetadata>()!.DefaultModelId);
        Assert.Same(fixture.Chat, fixture.Chat.GetService(typeof(IChatClient)));
        Assert.Null(fixture.Chat.GetService(typeof(IChatClient), "other"));
    }

    [Fact]
    public async Task What_cannot_be_done_is_told()
    {
        await Fault(
            "ModelId", () => fixture.Embeddings.GenerateAsync(["a"], new EmbeddingGenerationOptions { ModelId = "other" }, Cancellation));
        await Fault(
            "Dimensions", () => fixture.Embeddings.GenerateAsync(["a"], new EmbeddingGenerationOptions { Dimensions = 7 }, Cancellation));
        await Fault("text 1", () => fixture.Embeddings.GenerateAsync(["a", ""], cancellationToken: Cancellation));
        await Fault("ModelId", () => fixture.Chat.GetResponseAsync("a", new ChatOptions { ModelId = "other" }, Cancellation));
        await Fault("role", () => fixture.Chat.GetResponseAsync([new ChatMessage(ChatRole.Tool, "a")], null, Cancellation));
        await Fault("DataContent", () => fixture.Chat.GetResponseAsync(
            [new ChatMessage(ChatRole.User, [new DataContent("data:image/png;base64,AAAA")])], null, Cancellation));
        await Fault("temperature", () => fixture.Chat.GetResponseAsync("a", new ChatOptions { Temperature = -1 }, Cancellation));
        Assert.Contains("no-such", Assert.Throws<KalmException>(() => SharedModel.Load("no-such")).Message, StringComparison.Ordinal);

        static async Task Fault(string word, Func<Task> ask) =>
            Assert.Contains(word, (await Assert.ThrowsAsync<KalmException>(ask)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_full_queue_refuses()
    {
        using var narrow = SharedModel.Load(fixture.Path, new SharedModelOptions { Threads = 1, Queue = 1 });
        var asked = Enumerable.Range(0, 200).Select(number => narrow.Embed([$"a text of number {number}"], Cancellation)).ToList();
        while (!asked.TrueForAll(task => task.IsCompleted))
            await Task.Delay(5, Cancellation);
        var refused = asked.Where(task => task.IsFaulted).ToList();
        Assert.InRange(refused.Count, 1, 199);
        Assert.All(refused, task => Assert.True(Assert.IsType<ModelUnavailableException>(task.Exception!.InnerException).IsBusy));
        Assert.Single((await narrow.Embed(["again"], Cancellation)).Vectors);
    }

    [Fact]
    public async Task A_models_chat_template_is_used_where_it_can_be()
    {
        const string Template = "{% for m in messages %}[{{ m.role }}] {{ m.content|trim }}\n{% endfor %}[assistant] ";
        using var shared = SharedModel.Load(
            ChatFolder.Make(fixture.Folder, fixture.Path, Template), new SharedModelOptions { Threads = 1 });
        var model = shared.Model;
        var prompt = model.Model.Tokenizer.Encode("[system] Be brief.\n[user] Hello\n[assistant] ");
        using var alone = new LoadedModel(OpenedModel.Open(fixture.Path));
        var expected = new Generator(alone.Decoder, alone.Model.Tokenizer).Continue(
            [prompt], new GenerationOptions { MaximumNewTokens = 8 }, cancellation: Cancellation)[0];
        var answer = await new KalmChatClient(shared).GetResponseAsync(
            [new(ChatRole.System, "Be brief."), new(ChatRole.User, " Hello ")], new ChatOptions { MaxOutputTokens = 8 }, Cancellation);
        Assert.Equal((expected.Text, prompt.Length), (answer.Text, (int)answer.Usage!.InputTokenCount!));

        using var refusing = SharedModel.Load(
            ChatFolder.Make(fixture.Folder, fixture.Path, "{% include 'x' %}"), new SharedModelOptions { Threads = 1 });
        Assert.Single((await refusing.Embed(["a"], Cancellation)).Vectors);
        Assert.Contains(
            "tag 'include'", (await Assert.ThrowsAsync<KalmException>(() => new KalmChatClient(refusing)
                .GetResponseAsync("a", null, Cancellation))).Message, StringComparison.Ordinal);
    }
}
