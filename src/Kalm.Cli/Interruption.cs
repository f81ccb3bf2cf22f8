using System.Runtime.InteropServices;

namespace Kalm.Cli;

/// <summary>Ctrl-C and SIGTERM: the first asks the work to end after its current step, the second ends the process at once.</summary>
internal sealed class Interruption : IDisposable
{
    // The cursor shown, and the keys as the console had them before .NET changed them.
    private const string Restore = "\u001b[?1l\u001b>\u001b[?25h";
    private readonly CancellationTokenSource source = new();
    private readonly PosixSignalRegistration[] registrations;
    private int signals;

    /// <summary>Listens from now on.</summary>
    public Interruption() => registrations =
        [PosixSignalRegistration.Create(PosixSignal.SIGINT, Handle), PosixSignalRegistration.Create(PosixSignal.SIGTERM, Handle)];

    /// <summary>Cancelled by the first signal.</summary>
    public CancellationToken Token => source.Token;

    private void Handle(PosixSignalContext context)
    {
        context.Cancel = true;
        if (Interlocked.Increment(ref signals) == 1)
            source.Cancel();
        else
            EndNow();
    }

    private static void EndNow()
    {
        if (!Console.IsErrorRedirected)
            Console.Error.Write(Restore);
        // An orderly exit would wait for the tensor library's threads.
        if (OperatingSystem.IsWindows())
            Environment.Exit(ExitCode.Interrupted);
        ExitProcess(ExitCode.Interrupted);
    }

    [DllImport("libc", EntryPoint = "_exit")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern void ExitProcess(int status);

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var registration in registrations)
            registration.Dispose();
        source.Dispose();
    }
}
