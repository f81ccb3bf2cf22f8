using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace Kalm.Server;

/// <summary>What else is spoken at a server's address, over the same model and behind the same key.</summary>
internal abstract class AddedProtocol
{
    /// <summary>Adds the services that it needs.</summary>
    public abstract void Register(IServiceCollection services);

    /// <summary>Maps its requests, behind all that stands around the server's own.</summary>
    /// <param name="application">The server.</param>
    /// <param name="host">The model.</param>
    public abstract void Map(WebApplication application, ModelHost host);
}
