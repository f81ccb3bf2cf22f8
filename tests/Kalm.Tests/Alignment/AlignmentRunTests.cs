using System.Security.Cryptography;
using System.Text.Json;
using Kalm.Alignment;
using Kalm.Alignment.Options;
using Kalm.Evaluation;
using Kalm.Graph;
using Kalm.Language.Execution;
using Kalm.Language.Model;
using Kalm.Language.Sources.Config;
using Kalm.Language.Sources.Safetensors;
using Kalm.Representation;
using Kalm.Tests.Graph;
using TorchSharp;

namespace Kalm.Tests.Alignment;

public sealed class AlignmentRunTests : IDisposable
{
    private static readonly AlignmentOptions Quick = new()
    {
        Method = AlignmentMethod.Full,
        Threads = 2,
        Budget = new BudgetOptions { Steps = 60, Validations = 3 },
        Batches = new BatchOptions { Triples = 24 },
        Optimizer = new OptimizerOptions { WarmupSteps = 5 },
        Implicit = new ImplicitOptions { Share = 0.1 },
    };

    private readonly TemporaryFolder folder = new();
    private readonly SmallGraph graphFolder = FamilyGraph.Make();
    private readonly string model;

    public AlignmentRunTests() => model = TinyModel.Make(folder, graphFolder.Load());

    [Fact]
    public void Full_alignment_learns_the_graph_and_leaves_a_whole_run()
    {
        var run = Align("run", Quick);

        Assert.Equal(RunStatus.Complete, run.Status);
        Assert.True(run.Validations.Max(item => item.MeanReciprocalRank) > run.Validations[0].MeanReciprocalRank + 0.1,
            string.Join(' ', run.Validations));
        var lines = File.ReadAllLines(folder.File("run/metrics.jsonl")).Select(line => JsonDocument.Parse(line).RootElement)
            .Where(line => line.TryGetProperty("loss", out _)).ToArray();
        Assert.Equal(60, lines.Length);
        Assert.True(Mean(lines[^5..], "explicit") < Mean(lines[..5], "explicit"));
        Assert.True(Mean(lines[^5..], "implicit") < Mean(lines[..5], "implicit"));
        Assert.NotEmpty(Directory.GetFiles(folder.File("run/tensorboard")));
        Assert.Equal(run.BestStep, Json.Read<RunDescription>(folder.File("run/run.json")).BestStep);
        using var result = OpenedModel.Open(folder.File("run")).Load();
        Assert.Equal(32, result.Config.HiddenSize);
    }

    [Theory]
    [InlineData(3, 8)]
    [InlineData(0, 20)]
    public void Training_ends_when_validations_get_no_better(int patience, int steps)
    {
        // At such a rate nothing is learned: the first validation stays the best.
        var run = Align("run", Quick with
        {
            Budget = new BudgetOptions { Steps = 20, Validations = 10, Patience = patience },
            Optimizer = new OptimizerOptions { LearningRate = 1e-9 },
        });

        Assert.Equal((RunStatus.Complete, steps, 2), (run.Status, run.StepsDone, run.BestStep));
    }

    [Fact]
    public void The_result_is_the_best_validated_checkpoint_not_the_last()
    {
        var run = Align("run", Quick with { Budget = new BudgetOptions { Steps = 90, Validations = 9 } });
        var best = run.Validations.Where(item => item.Step > 0).MaxBy(item => item.MeanReciprocalRank)!;

        Assert.Equal(best.Step, run.BestStep);
        Assert.Equal(Hash($"run/checkpoints/step-{best.Step:D8}/model.safetensors"), Hash("run/model/model.safetensors"));
        var measured = Measure("run", graph => graph.Valid);
        Assert.Equal(best.MeanReciprocalRank, measured.MeanReciprocalRank, 1e-6);
    }

    [Fact]
    public void The_temperature_is_trained_and_saved()
    {
        Align("run", Quick with { Budget = Quick.Budget with { Steps = 20 } });
        var saved = Json.Read<AlignedSettings>(folder.File("run/model/kalm.json")).LogInverseTemperature;
        Assert.NotEqual(Math.Log(20), saved, 4);
        Assert.InRange(saved, 0, Math.Log(100));
    }

    [Fact]
    public void Lora_improves_and_writes_what_PEFT_reads()
    {
        var run = Align("run", Quick with
        {
            Method = AlignmentMethod.Lora,
            Budget = Quick.Budget with { Steps = 120 },
            Optimizer = Quick.Optimizer with { LearningRate = 5e-3 },
        });

        Assert.True(run.Validations.Max(item => item.MeanReciprocalRank) > run.Validations[0].MeanReciprocalRank,
            string.Join(' ', run.Validations));
        using var adapter = SafetensorsFile.Open(folder.File("run/adapter/adapter_model.safetensors"));
        Assert.Equal(2 * 3 * 2, adapter.Tensors.Count);
        Assert.Equal([8, 32], adapter.Find("base_model.model.model.layers.1.mlp.gate_proj.lora_A.weight").Shape);
        Assert.Equal([48, 8], adapter.Find("base_model.model.model.layers.1.mlp.gate_proj.lora_B.weight").Shape);
        Assert.Equal([32, 8], adapter.Find("base_model.model.model.layers.0.mlp.down_proj.lora_B.weight").Shape);
        Assert.Equal("LORA", JsonDocument.Parse(File.ReadAllText(folder.File("run/adapter/adapter_config.json"))).RootElement
            .GetProperty("peft_type").GetString());
        var best = run.Validations.Single(item => item.Step == run.BestStep);
        Assert.Equal(best.MeanReciprocalRank, Measure("run", graph => graph.Valid).MeanReciprocalRank, 1e-4);
    }

    [Theory]
    [InlineData(AlignmentMethod.Full)]
    [InlineData(AlignmentMethod.Lora)]
    public void The_same_seed_gives_the_same_bytes_and_another_seed_others(AlignmentMethod method)
    {
        var options = Quick with { Method = method, Budget = new BudgetOptions { Steps = 8, Validations = 1 } };
        Align("first", options);
        Align("second", options);
        Align("third", options with { Seed = 2 });
        var result = method == AlignmentMethod.Full ? "model/model.safetensors" : "adapter/adapter_model.safetensors";

        Assert.Equal(Hash($"first/{result}"), Hash($"second/{result}"));
        Assert.NotEqual(Hash($"first/{result}"), Hash($"third/{result}"));
    }

    [Fact]
    public void Token_dropout_shortens_what_is_encoded_by_its_share()
    {
        var options = Quick with
        {
            Budget = new BudgetOptions { Steps = 20, Validations = 0 },
            Implicit = new ImplicitOptions { Weight = 0 },
        };
        Align("whole", options);
        Align("thinned", options with { Batches = options.Batches with { TokenDropout = 0.5 } });

        var ratio = Tokens("thinned") / Tokens("whole");
        Assert.InRange(ratio, 0.5, 0.95);

        double Tokens(string run) => File.ReadAllLines(folder.File($"{run}/metrics.jsonl"))
            .Select(line => JsonDocument.Parse(line).RootElement)
            .Where(line => line.TryGetProperty("loss", out _)).Average(line => line.GetProperty("tokens").GetDouble());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(100_000)]
    public void Any_batch_size_trains(int batch)
    {
        var run = Align("run", Quick with
        {
            Batches = new BatchOptions { Triples = batch },
            Budget = new BudgetOptions { Steps = 3, Validations = 0 },
        });
        Assert.Equal(3, run.StepsDone);
    }

    [Fact]
    public void A_graph_with_one_triple_and_no_valid_split_trains()
    {
        graphFolder.Without("valid.txt").Without("test.txt").With("train.txt", "bird8\tkind_of\tbird\n");
        var run = Align("run", Quick with { Budget = Quick.Budget with { Steps = 2 } });
        Assert.Equal(2, run.BestStep);
        Assert.Empty(run.Validations);
    }

    [Fact]
    public void Stopping_leaves_a_checkpoint_that_can_be_used_and_no_result()
    {
        using var stop = new CancellationTokenSource();
        var progress = new StepWatch(step => { if (step == 7) stop.Cancel(); });
        Assert.Throws<OperationCanceledException>(() =>
            AlignmentRun.Execute(
                new AlignmentInputs(model, graphFolder.Path, folder.File("run")), Quick, progress, cancellation: stop.Token));

        Assert.Equal(RunStatus.Interrupted, Json.Read<RunDescription>(folder.File("run/run.json")).Status);
        Assert.False(Directory.Exists(folder.File("run/model")));
        using var checkpoint = OpenedModel.Open(folder.File("run/checkpoints/step-00000007")).Load();
        Assert.Contains(
            "no result yet", Assert.Throws<KalmException>(() => OpenedModel.Open(folder.File("run"))).Message, StringComparison.Ordinal);
        Assert.DoesNotContain(Directory.GetFileSystemEntries(folder.Path, "*", SearchOption.AllDirectories),
            path => path.Contains(".partial", StringComparison.Ordinal));
    }

    [Fact]
    public void A_folder_that_is_not_free_is_refused_before_anything_is_written()
    {
        folder.Write("taken/note.txt", "mine");
        var message = Assert.Throws<KalmException>(() => Align("taken", Quick)).Message;
        Assert.Contains("not empty and is not a run", message, StringComparison.Ordinal);
        Assert.Equal(["note.txt"], Directory.GetFileSystemEntries(folder.File("taken")).Select(Path.GetFileName));
    }

    [Fact]
    public void Weights_that_are_not_finite_stop_the_run_with_the_batch_named()
    {
        using (var loaded = CausalModel.Load(model))
        {
            loaded.Weights[TensorNames.FinalNorm].fill_(float.NaN.ToScalar());
            CausalModel.Save(model, loaded.Config, loaded.Tokenizer, name => loaded.Weights[name].alias());
        }
        graphFolder.Without("valid.txt");
        var message = Assert.Throws<KalmException>(() => Align("run", Quick)).Message;
        Assert.Contains("step 0", message, StringComparison.Ordinal);
        Assert.Contains("_", message, StringComparison.Ordinal);
        var evaluation = Assert.Throws<KalmException>(() => Measure("base", graph => graph.Test));
        Assert.Contains("not finite", evaluation.Message, StringComparison.Ordinal);
    }

    private RunDescription Align(string name, AlignmentOptions options) =>
        AlignmentRun.Execute(
            new AlignmentInputs(model, graphFolder.Path, folder.File(name)), options, cancellation: TestContext.Current.CancellationToken);

    private CompletionMetrics Measure(string name, Func<KnowledgeGraph, IReadOnlyList<Triple>> split)
    {
        var graph = graphFolder.Load();
        var located = OpenedModel.Open(folder.File(name));
        using var loaded = located.Load();
        using var decoder = new DecoderPool(loaded, null, null, 2);
        var texts = new TextIndex(graph, new Wording(loaded.Tokenizer, located.Settings.Wording));
        var ranked = CompletionEvaluation.Rank(
            decoder, graph, texts, CompletionQuery.Of(graph, split(graph)), new KnownFacts(graph, graph.Train, graph.Valid), null, default);
        return CompletionMetrics.Of(ranked.Select(item => item.Rank))!;
    }

    private string Hash(string file) => Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(folder.File(file))));

    private static double Mean(JsonElement[] lines, string name) => lines.Average(line => line.GetProperty(name).GetDouble());

    public void Dispose()
    {
        graphFolder.Dispose();
        folder.Dispose();
    }
}
