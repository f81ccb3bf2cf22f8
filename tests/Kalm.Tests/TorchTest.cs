using Kalm.Engine;
using TorchSharp;

namespace Kalm.Tests;

/// <summary>A test that uses tensors: the engine is loaded, and what the test makes dies with it.</summary>
public abstract class TorchTest : IDisposable
{
    private readonly DisposeScope scope;

    protected TorchTest()
    {
        NativeEngine.Initialize();
        scope = torch.NewDisposeScope();
    }

    public void Dispose()
    {
        scope.Dispose();
        GC.SuppressFinalize(this);
    }
}
