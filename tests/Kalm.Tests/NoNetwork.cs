using System.Runtime.CompilerServices;

namespace Kalm.Tests;

/// <summary>No test asks the real hub for anything; those of the hub speak to a server of their own.</summary>
internal static class NoNetwork
{
    [ModuleInitializer]
    internal static void Begin() => Environment.SetEnvironmentVariable("HF_HUB_OFFLINE", "1");
}
