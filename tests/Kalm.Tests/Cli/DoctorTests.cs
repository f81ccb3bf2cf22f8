using System.Text.Json.Nodes;
using Kalm.Engine;

namespace Kalm.Tests.Cli;

public class DoctorTests(TinyModel tiny) : IClassFixture<TinyModel>
{
    [Fact]
    public void A_machine_that_works_is_told_with_what_was_tried()
    {
        var result = CommandLine.Run("doctor", "--json", tiny.File("doctor.json")).IsSuccess();
        foreach (var word in new[] { "processor", "memory", ".NET", NativeEngine.LibtorchVersion, "BF16", "CUDA", "kalm can work here" })
            Assert.Contains(word, result.Output, StringComparison.Ordinal);
        var told = JsonNode.Parse(File.ReadAllText(tiny.File("doctor.json")))!;
        Assert.True((bool)told["works"]!);
        Assert.Empty(told["faults"]!.AsArray());
        Assert.Equal(Environment.ProcessorCount, (int)told["machine"]!["cores"]!);
        Assert.All(told["machine"]!["folders"]!.AsArray(), folder => Assert.InRange((long)folder!["free"]!, 1, long.MaxValue));
        if (OperatingSystem.IsLinux())
        {
            Assert.True(File.Exists((string?)told["engine"]!["library"]));
            Assert.InRange((long)told["machine"]!["free_memory"]!, 1, (long)told["machine"]!["memory"]!);
        }
        Assert.Equal((int)told["engine"]!["cuda_devices"]! == 0, told["engine"]!["cuda_fault"] is not null);
        Assert.Null(told["model"]);
    }

    [Fact]
    public void A_model_needs_more_to_be_trained_than_to_be_read()
    {
        CommandLine.Run("doctor", "--model", tiny.Model, "--json", tiny.File("needs.json")).IsSuccess();
        var needs = JsonNode.Parse(File.ReadAllText(tiny.File("needs.json")))!["model"]!;
        Assert.InRange((long)needs["chatting"]!, (long)needs["reading"]! + 1, (long)needs["full"]!);
        Assert.InRange((long)needs["lora"]!, (long)needs["reading"]!, (long)needs["full"]!);
    }

    [Fact]
    public async Task Without_the_native_library_the_machine_is_told_and_the_end_is_a_fault()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "on other systems the library is found by the system");
        using var folder = new TemporaryFolder();
        foreach (var file in Directory.GetFiles(Path.GetDirectoryName(CommandLine.Program)!, "*.dll")
            .Append(Path.ChangeExtension(CommandLine.Program, ".runtimeconfig.json")))
            File.Copy(file, folder.File(Path.GetFileName(file)));
        var result = await CommandLine.RunProcess(
            folder.File("Kalm.Cli.dll"), null, "doctor", "--json", folder.File("doctor.json"));
        Assert.Equal(1, result.ExitCode);
        Assert.Contains("processor", result.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("can work here", result.Output, StringComparison.Ordinal);
        Assert.Contains("error: the native library", result.Error, StringComparison.Ordinal);
        var told = JsonNode.Parse(await File.ReadAllTextAsync(folder.File("doctor.json"), TestContext.Current.CancellationToken))!;
        Assert.False((bool)told["works"]!);
        Assert.Single(told["faults"]!.AsArray());
    }

    [Fact]
    public void A_model_that_is_not_there_is_named() =>
        CommandLine.Run("doctor", "--model", "nowhere/at/all").IsFault("--model nowhere/at/all");
}
