using System.Runtime.InteropServices;

namespace Kalm.Engine;

/// <summary>Memory of the tensor library, which its allocator keeps for later when tensors die.</summary>
public static partial class NativeMemory
{
    /// <summary>Gives what is free back to the system. Threads that ended leave theirs behind, so that one run after another in a process
    /// would hold the memory of all of them. Does nothing where the C library has no such call (it is glibc's malloc_trim(3)).</summary>
    public static void Return()
    {
        if (!OperatingSystem.IsLinux())
            return;
        try
        {
            _ = Trim(0);
        }
        catch (Exception error) when (error is EntryPointNotFoundException or DllNotFoundException)
        {
            // Another C library keeps less.
        }
    }

    [LibraryImport("libc", EntryPoint = "malloc_trim")]
    private static partial int Trim(nuint pad);
}
