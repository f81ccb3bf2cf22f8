using System.Diagnostics.Metrics;
using Kalm.Server;

namespace Kalm.Tests.Server;

/// <summary>Listens to one instrument of one server.</summary>
internal static class Listener
{
    public static MeterListener Of<T>(ServerMetrics metrics, string instrument, Action<T> take) where T : struct
    {
        var listener = new MeterListener
        {
            InstrumentPublished = (published, self) =>
            {
                if (metrics.Owns(published.Meter) && published.Name == instrument)
                    self.EnableMeasurementEvents(published);
            },
        };
        listener.SetMeasurementEventCallback<T>((_, value, _, _) =>
        {
            lock (take)
                take(value);
        });
        listener.Start();
        return listener;
    }
}
