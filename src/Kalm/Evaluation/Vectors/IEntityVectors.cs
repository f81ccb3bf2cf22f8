namespace Kalm.Evaluation.Vectors;

/// <summary>The vectors of a graph's distinct entity texts, one row each, of unit length.</summary>
public interface IEntityVectors : IDisposable
{
    /// <summary>The number of rows.</summary>
    int Count { get; }

    /// <summary>Numbers in a row.</summary>
    int Width { get; }

    /// <summary>Some rows in their order.</summary>
    /// <returns>[count, width], F32; the caller owns it.</returns>
    TorchSharp.torch.Tensor Read(int start, int count);
}
