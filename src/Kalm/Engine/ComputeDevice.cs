using System.Globalization;
using static TorchSharp.torch;

namespace Kalm.Engine;

/// <summary>Where models compute, by the name that options give it.</summary>
public static class ComputeDevice
{
    /// <summary>The default: a GPU where the library finds one, else the CPU.</summary>
    public const string Auto = "auto";

    /// <summary>The names, for messages.</summary>
    public const string Names = "auto, cpu, cuda or cuda:N";

    private const string Cuda = "cuda";

    /// <summary>Whether a text is one of <see cref="Names"/>; whether the device is there is another matter.</summary>
    public static bool IsName(string name) => name is Auto or "cpu" or Cuda || IndexOf(name) is not null;

    /// <summary>Finds the device; loads the native library.</summary>
    /// <param name="name">One of <see cref="Names"/>.</param>
    /// <exception cref="KalmException">It is none of them, or there is no such GPU: what was found and what was expected.</exception>
    public static Device Of(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        if (!IsName(name))
            throw new KalmException($"{name}: no device; expected {Names}");
        NativeEngine.Initialize();
        var count = cuda.is_available() ? cuda.device_count() : 0;
        if (name == "cpu" || (name == Auto && count == 0))
            return CPU;
        if (count == 0)
            throw new KalmException($"{name}: no usable CUDA device was found\nexpected an NVIDIA GPU with its driver and a kalm "
                + "built with -p:TorchBackend=cuda; or cpu");
        var index = IndexOf(name) ?? 0;
        return index < count ? device($"{Cuda}:{index}")
            : throw new KalmException($"{name}: found {count} {(count == 1 ? "GPU" : "GPUs")}; expected cuda:0..cuda:{count - 1}");
    }

    private static int? IndexOf(string name) => name.StartsWith(Cuda + ":", StringComparison.Ordinal)
        && int.TryParse(name.AsSpan(Cuda.Length + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var index) ? index : null;
}
