namespace Kalm.Cli.Demo;

/// <summary>The folder of a demonstration: the base model, the run, the figures and the report.</summary>
/// <param name="Path">The folder.</param>
internal sealed record DemoFolder(string Path)
{
    /// <summary>The base model.</summary>
    public string Base => System.IO.Path.Combine(Path, "base");

    /// <summary>The steps done while the base model is being made.</summary>
    public string BaseSteps => Base + "-steps";

    /// <summary>The alignment's run.</summary>
    public string Run => System.IO.Path.Combine(Path, "run");

    /// <summary>The figures; its presence also marks the folder as ours.</summary>
    public string Figures => System.IO.Path.Combine(Path, "demo.json");

    /// <summary>The report.</summary>
    public string Report => System.IO.Path.Combine(Path, "report.html");

    /// <summary>Refuses a folder that holds anything but an earlier demonstration.</summary>
    public void RequireFree()
    {
        if (!File.Exists(Figures))
            VerbInputs.Free("--out", Path);
    }

    /// <summary>Makes the folder.</summary>
    /// <param name="resume">Whether what an earlier demonstration left in it stays.</param>
    public void Prepare(bool resume)
    {
        RequireFree();
        Directory.CreateDirectory(Path);
        foreach (var folder in resume ? [] : new[] { Base, BaseSteps, Run }.Where(Directory.Exists))
            Directory.Delete(folder, recursive: true);
        File.Delete(Report);
        File.WriteAllText(Figures, "{}\n");
    }
}
