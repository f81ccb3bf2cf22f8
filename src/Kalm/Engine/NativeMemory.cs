using System.Runtime.InteropServices;

namespace Kalm.Engine;

/// <summary>Memory of the tensor library, which its allocator keeps for later when tensors die.</summary>
public static partial class NativeMemory
{
    // mallopt(3)'s M_TRIM_THRESHOLD, M_MMAP_THRESHOLD and M_ARENA_MAX.
    private const int TrimThreshold = -1;
    private const int MapThreshold = -3;
    private const int MostArenas = -8;
    private const int Gibibyte = 1 << 30;

    /// <summary>From here on memory that tensors leave is used again instead of going back to the system and being asked for anew, page by
    /// page: a step of training asks for the same sizes as the one before it. For the rest of the process, which holds its peak until
    /// <see cref="Return"/>; to be called before the threads that make tensors are started. Does nothing where the C library is not
    /// glibc.</summary>
    public static void KeepForUse()
    {
        Try(() => Set(TrimThreshold, int.MaxValue));
        Try(() => Set(MapThreshold, Gibibyte));
        // Arenas of other threads are cut into pieces of 64 MiB, above which all is mapped.
        Try(() => Set(MostArenas, 1));
    }

    /// <summary>Gives what is free back to the system. Threads that ended leave theirs behind, so that one run after another in a process
    /// would hold the memory of all of them. Does nothing where the C library has no such call (it is glibc's malloc_trim(3)).</summary>
    public static void Return() => Try(() => Trim(0));

    private static void Try(Func<int> call)
    {
        try
        {
            if (OperatingSystem.IsLinux())
                _ = call();
        }
        catch (Exception error) when (error is EntryPointNotFoundException or DllNotFoundException)
        {
            // Another C library keeps less.
        }
    }

    [LibraryImport("libc", EntryPoint = "malloc_trim")]
    private static partial int Trim(nuint pad);

    [LibraryImport("libc", EntryPoint = "mallopt")]
    private static partial int Set(int parameter, int value);
}
