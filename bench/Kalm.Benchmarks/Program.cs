using Kalm;
using Kalm.Benchmarks;

try
{
    switch (args.FirstOrDefault())
    {
        case "generation":
            GenerationBenchmark.Run(new Arguments(args[1..], GenerationBenchmark.Options));
            return 0;
        case "cost":
            CostBenchmark.Run(new Arguments(args[1..], CostBenchmark.Options));
            return 0;
        case "serving":
            await ServingBenchmark.Run(new Arguments(args[1..], ServingBenchmark.Options));
            return 0;
        case "kernels":
            KernelBenchmark.Run(new Arguments(args[1..], KernelBenchmark.Options));
            return 0;
        case "steps":
            StepsBenchmark.Run(new Arguments(args[1..], StepsBenchmark.Options));
            return 0;
        case "load":
            LoadBenchmark.Run(new Arguments(args[1..], LoadBenchmark.Options));
            return 0;
        case "memory":
            MemoryBenchmark.Run(new Arguments(args[1..], MemoryBenchmark.Options));
            return 0;
        case "writing":
            WritingBenchmark.Run(new Arguments(args[1..], WritingBenchmark.Options));
            return 0;
        case "device":
            DeviceBenchmark.Run(new Arguments(args[1..], DeviceBenchmark.Options));
            return 0;
        case "lora":
            LoraBenchmark.Run(new Arguments(args[1..], LoraBenchmark.Options));
            return 0;
        case "scale":
            ScaleBenchmark.Run(new Arguments(args[1..], ScaleBenchmark.Options));
            return 0;
        case "search":
            SearchBenchmark.Run(new Arguments(args[1..], SearchBenchmark.Options));
            return 0;
        case "chats":
            await ChatsBenchmark.Run(new Arguments(args[1..], ChatsBenchmark.Options));
            return 0;
        case "start":
            StartBenchmark.Run(new Arguments(args[1..], StartBenchmark.Options));
            return 0;
        case "soak":
            await SoakBenchmark.Run(new Arguments(args[1..], SoakBenchmark.Options));
            return 0;
        default:
            throw new KalmException($"found '{args.FirstOrDefault()}'; expected chats, cost, device, generation, kernels, load, lora, "
                + "memory, scale, search, serving, soak, start, steps or writing");
    }
}
catch (KalmException error)
{
    Console.Error.WriteLine($"error: {error.Message}");
    return 1;
}
