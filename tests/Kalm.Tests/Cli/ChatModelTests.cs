using System.Text.Json.Nodes;

namespace Kalm.Tests.Cli;

/// <summary>A model that brings a chat template: asked in it, aligned in it, and held to what it wrote before.</summary>
public sealed class ChatModelTests : IDisposable
{
    internal const string Template =
        "{% for m in messages %}<{{ m.role }}>{{ m.content }}</s>{% endfor %}{% if add_generation_prompt %}<assistant>{% endif %}";

    // Few and short texts: what is tested is that they are written, kept and used.
    internal const string Recipe = """
        { "keep": { "texts": 16, "text_tokens": 16, "tokens": 64 }, "wording": { "maximum_prompt_tokens": 240 } }
        """;

    private readonly TemporaryFolder folder = new();
    private readonly Kalm.Tests.Graph.SmallGraph graph = FamilyGraph.Make();
    private readonly string model;
    private readonly string run;

    public ChatModelTests()
    {
        (model, run) = (folder.File("base"), folder.File("run"));
        CommandLine.Run("pretrain", "--graph", graph.Path, "--steps", "3", "--vocabulary", "300", "--out", model, "--quiet").IsSuccess();
        File.WriteAllText(Path.Combine(model, "chat_template.jinja"), Template);
        folder.Write("recipe.json", Recipe);
    }

    private string[] Align(string output) =>
    [
        "align", "--model", model, "--graph", graph.Path, "--recipe", folder.File("recipe.json"), "--steps", "4", "--save-every", "2",
        "--batch", "16", "--quiet", "--out", output,
    ];

    [Fact]
    public void It_is_held_to_the_texts_that_it_wrote_and_says_what_was_kept()
    {
        var output = CommandLine.Run(Align(run)).IsSuccess().Output;
        Assert.Contains("what was kept of its language", output, StringComparison.Ordinal);
        Assert.Contains("What is the capital of Peru?", output, StringComparison.Ordinal);
        var texts = JsonNode.Parse(File.ReadAllText(Path.Combine(run, "kept-texts.json")))!.AsArray();
        Assert.InRange(texts.Count, 9, 16);
        Assert.Contains(texts, text => ((string)text!["text"]!).StartsWith("<user>", StringComparison.Ordinal)
            && ((string)text["text"]!).Contains("</s><assistant>", StringComparison.Ordinal));
        Assert.Contains(texts, text => !((string)text!["text"]!).StartsWith("<user>", StringComparison.Ordinal));
        var description = JsonNode.Parse(File.ReadAllText(Path.Combine(run, "run.json")))!;
        Assert.Equal(1, (double)description["options"]!["keep"]!["weight"]!);
        Assert.Equal("name", (string?)description["options"]!["implicit"]!["prompts"]!["response"]);
        Assert.InRange((double)description["kept"]!["perplexity_after"]! / (double)description["kept"]!["perplexity_before"]!, 0.1, 10);
        var settings = JsonNode.Parse(File.ReadAllText(Path.Combine(run, "adapter", "kalm.json")))!;
        Assert.Equal("chat", (string?)settings["wording"]!["form"]);
    }

    [Fact]
    public void A_stopped_run_goes_on_with_the_same_texts_and_ends_with_the_same_bytes()
    {
        CommandLine.Run(Align(run)).IsSuccess();
        var adapter = Path.Combine(run, "adapter", "adapter_model.safetensors");
        var (bytes, texts) = (File.ReadAllBytes(adapter), File.ReadAllText(Path.Combine(run, "kept-texts.json")));
        File.WriteAllText(Path.Combine(run, "run.json"),
            File.ReadAllText(Path.Combine(run, "run.json")).Replace("\"complete\"", "\"running\"", StringComparison.Ordinal));
        Directory.Delete(Path.GetDirectoryName(adapter)!, recursive: true);
        Directory.Delete(Directory.GetDirectories(Path.Combine(run, "checkpoints")).Max()!, recursive: true);
        CommandLine.Run([.. Align(run), "--resume"]).IsSuccess();
        Assert.Equal(bytes, File.ReadAllBytes(adapter));
        Assert.Equal(texts, File.ReadAllText(Path.Combine(run, "kept-texts.json")));
    }

    [Fact]
    public void The_wording_can_be_chosen_and_a_chat_needs_a_template()
    {
        string[] ask = ["ask", "Which animal is it?", "--model", model, "--max-tokens", "12"];
        var chat = CommandLine.Run(ask).IsSuccess().Output;
        Assert.Equal(chat, CommandLine.Run([.. ask, "--wording", "chat"]).IsSuccess().Output);
        CommandLine.Run([.. ask, "--wording", "alpaca"]).IsSuccess();
        CommandLine.Run([.. ask, "--wording", "prose"]).IsFault("--wording", "prose");
        foreach (var (wording, corrected) in new[] { ("chat", true), ("alpaca", false) })
        {
            string[] options = corrected ? [] : ["--correction", "never", "--wording", wording];
            var json = folder.File("questions.json");
            CommandLine.Run([
                "evaluate", "questions", "--model", model, "--graph", graph.Path, "--limit", "3", "--quiet", "--json", json, .. options,
            ]).IsSuccess();
            var report = JsonNode.Parse(File.ReadAllText(json))!;
            Assert.Equal((wording, corrected), ((string)report["wording"]!, (bool)report["corrected"]!));
        }
        File.Delete(Path.Combine(model, "chat_template.jinja"));
        CommandLine.Run([.. ask, "--wording", "chat"]).IsFault("--wording", "chat template");
    }

    public void Dispose()
    {
        graph.Dispose();
        folder.Dispose();
    }
}
