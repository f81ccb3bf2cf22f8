using System.Diagnostics;
using System.Runtime;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Kalm.Files;
using TorchSharp;

namespace Kalm.Engine;

/// <summary>Loads the native tensor library before the first tensor call, also where the system's C++ runtime is older than the one
/// TorchSharp's library was built with (Debian 12, Ubuntu 22.04, RHEL 9).</summary>
/// <remarks>Left to itself TorchSharp answers a failed load by copying half a gigabyte into the program's folder and then throwing,
/// so this must run first. On other systems than Linux the stock library loads unaided.</remarks>
public static partial class NativeEngine
{
    /// <summary>The version of libtorch that TorchSharp's library was built with.</summary>
    internal const string LibtorchVersion = "2.10.0";

    private const string Bridge = "libLibTorchSharp.so";
    private const string Core = "libtorch_cpu.so";
    private const string MissingVersion = "GLIBCXX_3.4.32";
    private static readonly string[] Libraries = ["libc10.so", Core, "libc10_cuda.so", "libtorch_cuda.so", "libtorch.so"];
    private static readonly string Runtime = $"linux-{RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant()}";
    private static readonly Lazy<bool> Loaded = new(Load);

    /// <summary>Loads the native library once; later calls do nothing.</summary>
    /// <exception cref="KalmException">The library is missing or cannot be loaded: two lines, the fault and the remedy.</exception>
    public static void Initialize() => _ = Loaded.Value;

    /// <summary>Begins to load it on another thread, for who has other work before the first tensor.</summary>
    /// <returns>Waits for the end of the loading when it is disposed, because a process that ends meanwhile would take the library apart
    /// while it is put together. What stands in the way of it is told by <see cref="Initialize"/>.</returns>
    public static IDisposable Prepare()
    {
        CallSystem();
        // Nor does a thread begin meanwhile, and for the collector's own, which collects beside the program, all others would wait.
        var mode = GCSettings.LatencyMode;
        GCSettings.LatencyMode = GCLatencyMode.Batch;
        return new Preparation(Task.Run(() =>
        {
            try
            {
                Initialize();
                GCSettings.LatencyMode = mode;
                // TorchSharp finds its part of it by the first tensor.
                torch.zeros(1).Dispose();
            }
            catch (KalmException)
            {
                // Initialize throws it again.
                GCSettings.LatencyMode = mode;
            }
        }));
    }

    // While a library is loaded the system looks up no function for other threads, and .NET looks one up when it is first called. So
    // what reads and hashes files is called once before, or the other work would wait at its first file.
    private static void CallSystem()
    {
        _ = Directory.EnumerateFiles(AppContext.BaseDirectory).FirstOrDefault();
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        if (Environment.ProcessPath is { } program)
            using (var file = MappedFile.Open(program))
                hash.AppendData(file.Bytes(0, 1));
        hash.GetHashAndReset();
        SHA256.HashData(RandomNumberGenerator.GetBytes(1));
        _ = Stopwatch.GetTimestamp();
    }

    /// <summary>Ends the process at once. Libtorch takes a tenth of a second to take itself apart, and nothing of it outlives the
    /// process; the caller has closed and flushed all that does. Returns where the library was not loaded.</summary>
    /// <param name="code">The exit code.</param>
    public static void Leave(int code)
    {
        if (CoreHandle != 0)
            Exit(code);
    }

    [LibraryImport("libc", EntryPoint = "_exit")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial void Exit(int code);

    private sealed class Preparation(Task loading) : IDisposable
    {
        public void Dispose() => loading.Wait();
    }

    /// <summary>The handle of libtorch's core, 0 where the system found it by itself.</summary>
    internal static nint CoreHandle { get; private set; }

    /// <summary>Where libtorch's core was found, null where the system found it by itself.</summary>
    internal static string? CorePath { get; private set; }

    private static bool Load()
    {
        if (!OperatingSystem.IsLinux())
            return true;
        var folders = SearchFolders();
        var bridge = Find(folders, Bridge) ?? throw Missing(
            Bridge, folders, $"it comes with the package TorchSharp, in runtimes/{Runtime}/native: keep that folder beside the program");
        if (Find(folders, Core) is null)
            throw Missing(
                Core, folders,
                $"reference libtorch-cpu-{Runtime} {LibtorchVersion} (or TorchSharp-cuda-linux) in the program's project, or run: "
                + $"dotnet package download libtorch-cpu-{Runtime}@{LibtorchVersion} --output {PackagesFolder}");
        // The bridge's own search path does not reach packages that lie in other folders, so its needs are loaded first, by path.
        foreach (var library in Libraries)
            if (Find(folders, library) is { } path)
            {
                var handle = LoadOrThrow(path);
                if (library == Core)
                    (CoreHandle, CorePath) = (handle, path);
            }
        if (!NativeLibrary.TryLoad(bridge, out _))
            LoadOrThrow(WeakenedCopy(bridge));
        return true;
    }

    /// <summary>The folder NuGet keeps the user's packages in.</summary>
    internal static string PackagesFolder => Environment.GetEnvironmentVariable("NUGET_PACKAGES") is { Length: > 0 } configured
        ? Path.GetFullPath(configured)
        : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");

    /// <summary>The program's own folders come first; the user's packages serve the tool, which does not bring half a gigabyte.</summary>
    private static List<string> SearchFolders()
    {
        var folders = new List<string> { AppContext.BaseDirectory };
        folders.Add(Path.Combine(AppContext.BaseDirectory, "runtimes", Runtime, "native"));
        if (AppContext.GetData("NATIVE_DLL_SEARCH_DIRECTORIES") is string configured)
            folders.AddRange(configured.Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries));
        folders.Add(Path.Combine(PackagesFolder, $"libtorch-cpu-{Runtime}", LibtorchVersion, "runtimes", Runtime, "native"));
        // Without a home folder the last would be relative to wherever the user happens to be.
        return [.. folders.Where(Path.IsPathFullyQualified).Select(Path.TrimEndingDirectorySeparator).Distinct()];
    }

    private static KalmException Missing(string name, List<string> folders, string remedy) =>
        new($"the native library {name} was not found in {string.Join(", ", folders)}\n{remedy}");

    private static string? Find(List<string> folders, string name) =>
        folders.Select(folder => Path.Combine(folder, name)).FirstOrDefault(File.Exists);

    private static nint LoadOrThrow(string path)
    {
        try
        {
            return NativeLibrary.Load(path);
        }
        catch (Exception error) when (error is DllNotFoundException or BadImageFormatException)
        {
            throw new KalmException(
                $"the native library {path} cannot be loaded: {error.Message.Split('\n')[0]}\n"
                + $"expected a libtorch {LibtorchVersion} that fits this machine; restore the packages again, or check the "
                    + "system's C++ runtime", error);
        }
    }

    /// <summary>A copy of the bridge that no longer insists on the newer C++ runtime, kept in the user's cache by its hash.</summary>
    private static string WeakenedCopy(string bridge)
    {
        var image = File.ReadAllBytes(bridge);
        var folder = Path.Combine(CacheFolder(), Convert.ToHexStringLower(SHA256.HashData(image))[..16]);
        var copy = Path.Combine(folder, Bridge);
        ElfVersionMarker.MakeWeak(image, MissingVersion);
        // An earlier copy is used only if it is what this code would write: the cache is a convenience, never an authority.
        if (File.Exists(copy) && File.ReadAllBytes(copy).AsSpan().SequenceEqual(image))
            return copy;
        try
        {
            Directory.CreateDirectory(folder);
            AtomicFile.WriteAllBytes(copy, image);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new KalmException($"cannot write {copy}: {error.Message}\nset XDG_CACHE_HOME to a folder that can be written", error);
        }
        return copy;
    }

    private static string CacheFolder()
    {
        var root = Environment.GetEnvironmentVariable("XDG_CACHE_HOME");
        if (string.IsNullOrEmpty(root))
            root = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile) is { Length: > 0 } home
                ? Path.Combine(home, ".cache")
                : Path.GetTempPath();
        return Path.Combine(root, "kalm", "native");
    }
}
