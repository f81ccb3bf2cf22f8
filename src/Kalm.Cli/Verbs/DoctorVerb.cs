using System.CommandLine;
using Kalm.Cli.Description;
using Kalm.Engine;

namespace Kalm.Cli.Verbs;

/// <summary><c>doctor</c>: whether kalm can work on this machine.</summary>
internal static class DoctorVerb
{
    /// <summary>Describes the verb.</summary>
    public static Command Create(Terminal terminal)
    {
        var name = Options.Text("--model", "MODEL", $"tell what this model would need: {ModelChoice.Forms}");
        var model = new ModelChoice(name);
        var json = Options.JsonFile();
        var command = new Command(
            "doctor", "Tells whether kalm can work on this machine: processor, memory, disk, and the native library, whose products are "
                + "tried. Ends with 0 when it can.") { json };
        model.AddTo(command);
        command.SetAction(parse =>
        {
            VerbInputs.Writable("--json", parse.GetValue(json));
            using var opened = parse.GetValue(name) is null ? null : model.Open(parse, terminal);
            var machine = MachineFacts.Here();
            var faults = machine.Folders.Where(folder => folder.Fault is not null)
                .Select(folder => $"the {folder.Use} folder {folder.Path} cannot be written to: {folder.Fault}\nexpected one that can; "
                    + (folder.Use == "temporary" ? "TMPDIR names another" : "start kalm in another")).ToList();
            EngineCheck? engine = null;
            try
            {
                engine = EngineCheck.Run();
            }
            catch (KalmException error)
            {
                faults.Add(error.Message);
            }
            // The estimate of an alignment asks how fast the library multiplies.
            var needs = opened is null || engine is null ? null : ModelNeeds.Of(opened);
            if (needs is not null && needs.Reading > machine.Memory)
                faults.Add($"{needs.Model}: needs about {Bytes.Of(needs.Reading)} to be read, of {Bytes.Of(machine.Memory)}; expected a "
                    + "smaller or quantized model, or more memory");
            terminal.Print(ResultTable.OfFacts("this machine", Of(machine)));
            if (engine is not null)
                terminal.Print(ResultTable.OfFacts("the native library", Of(engine)));
            if (needs is not null)
                terminal.Print(ResultTable.OfFacts($"what {needs.Model} needs of the memory, about", Of(needs, machine)));
            if (parse.GetValue(json) is { } path)
                Json.Write(path, new { works = faults.Count == 0, faults, machine, engine, model = needs });
            if (faults.Count > 0)
                throw new KalmException(string.Join("\n", faults));
            terminal.Print("kalm can work here");
            return ExitCode.Success;
        });
        return command;
    }

    private static (string Name, string Value)[] Of(MachineFacts facts) =>
    [
        ("processor", $"{facts.Processor}, {facts.Cores:N0} {(facts.Cores == 1 ? "core" : "cores")}"),
        ("instructions that kernels use", facts.Instructions.Count == 0 ? "none: slow" : string.Join(", ", facts.Instructions)),
        ("memory", Bytes.Of(facts.Memory) + (facts.FreeMemory is { } free ? $", {Bytes.Of(free)} of it free" : "")),
        ("system", $"{facts.System}, {facts.Architecture}, {facts.Runtime}"),
        .. facts.Folders.Select(folder => (
            $"{folder.Use} folder", folder.Path + (folder.Free is { } room ? $": {Bytes.Of(room)} free" : ": cannot be written to"))),
    ];

    private static (string Name, string Value)[] Of(EngineCheck check) =>
    [
        ("libtorch", $"{check.Version}, {check.Library ?? "found by the system"}"),
        ("products", "right in F32 and BF16"),
        ("BF16", check.Bf16Gain == 0 ? "no instructions for it: F32 is used"
            : $"{check.Bf16Gain:F1} times as fast as F32: {(check.GainsFromBf16 ? "used where weights are BF16" : "not used")}"),
        ("training in BF16", check.RoundsTraining ? "factors are rounded" : "no units for it: F32 is used"),
        ("CUDA", check.CudaFault ?? $"{check.CudaDevices:N0} {(check.CudaDevices == 1 ? "GPU" : "GPUs")}, products right"),
        .. check.Gpus.Select((gpu, index) => ($"cuda:{index}",
            gpu is null ? "its memory is not told" : $"{Bytes.Of(gpu.Total)}, {Bytes.Of(gpu.Free)} of it free")),
    ];

    private static (string Name, string Value)[] Of(ModelNeeds needs, MachineFacts machine)
    {
        return
        [
            ("embed, complete, ask", Told(needs.Reading)),
            ("a chat that fills the context", Told(needs.Chatting)),
            .. needs.Lora is { } lora ? new[] { ("align --method lora, at most", Told(lora)) } : [],
            .. needs.Full is { } full ? new[] { ("align --method full, at most", Told(full)) } : [],
        ];

        string Told(long bytes) => bytes > machine.Memory ? $"{Bytes.Of(bytes)}: more than there is"
            : bytes > machine.FreeMemory ? $"{Bytes.Of(bytes)}: more than is free now" : $"{Bytes.Of(bytes)}: there";
    }
}
