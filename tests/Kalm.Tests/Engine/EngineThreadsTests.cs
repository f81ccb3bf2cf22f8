using Kalm.Engine;
using static TorchSharp.torch;

namespace Kalm.Tests.Engine;

public class EngineThreadsTests
{
    [Fact]
    public void A_thread_keeps_the_number_that_it_set_whatever_others_set_after_it()
    {
        NativeEngine.Initialize();
        using var isSet = new ManualResetEventSlim();
        using var goOn = new ManualResetEventSlim();
        var found = 0;
        var thread = new Thread(() =>
        {
            EngineThreads.Use(1);
            isSet.Set();
            goOn.Wait(TestContext.Current.CancellationToken);
            found = get_num_threads();
        });
        thread.Start();
        isSet.Wait(TestContext.Current.CancellationToken);
        var other = new Thread(() => EngineThreads.Use(3));
        other.Start();
        other.Join();
        goOn.Set();
        thread.Join();
        Assert.Equal(1, found);
    }
}
