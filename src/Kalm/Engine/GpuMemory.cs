using System.Runtime.InteropServices;

namespace Kalm.Engine;

/// <summary>What a GPU has of memory, as CUDA's runtime tells it, which libtorch brings and TorchSharp does not ask.</summary>
/// <param name="Free">Bytes that are free.</param>
/// <param name="Total">All bytes.</param>
public sealed unsafe record GpuMemory(long Free, long Total)
{
    // The runtime's name changes with its major version; the one that libtorch loaded is found by its name alone.
    private static readonly string[] Names =
        ["libcudart.so.13", "libcudart.so.12", "libcudart.so.11.0", "cudart64_13.dll", "cudart64_12.dll"];

    /// <summary>Asks for one GPU.</summary>
    /// <param name="index">Its number, from 0.</param>
    /// <returns>Null where the runtime is not there or refuses.</returns>
    public static GpuMemory? Of(int index)
    {
        if (!TorchSharp.torch.cuda.is_available())
            return null;
        var runtime = Names.Select(name => NativeLibrary.TryLoad(name, out var handle) ? handle : 0).FirstOrDefault(handle => handle != 0);
        if (runtime == 0 || !NativeLibrary.TryGetExport(runtime, "cudaGetDevice", out var get)
            || !NativeLibrary.TryGetExport(runtime, "cudaSetDevice", out var set)
            || !NativeLibrary.TryGetExport(runtime, "cudaMemGetInfo", out var ask))
            return null;
        int before;
        nuint free, total;
        if (((delegate* unmanaged<int*, int>)get)(&before) != 0 || ((delegate* unmanaged<int, int>)set)(index) != 0)
            return null;
        var answer = ((delegate* unmanaged<nuint*, nuint*, int>)ask)(&free, &total);
        _ = ((delegate* unmanaged<int, int>)set)(before);
        return answer == 0 ? new GpuMemory((long)free, (long)total) : null;
    }
}
