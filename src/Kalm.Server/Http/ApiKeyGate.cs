using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace Kalm.Server.Http;

/// <summary>Lets in who knows the key. Hashes are compared, in constant time, so that neither the key nor its length shows in how long it takes.</summary>
/// <param name="key">The key.</param>
internal sealed class ApiKeyGate(string key)
{
    private const string Scheme = "Bearer ";
    private readonly byte[] expected = SHA256.HashData(Encoding.UTF8.GetBytes(key));

    /// <summary>Fails unless the request carries the key.</summary>
    /// <exception cref="ApiException">401.</exception>
    public void Require(HttpContext context)
    {
        var header = context.Request.Headers.Authorization.ToString();
        var found = header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) ? header[Scheme.Length..] : "";
        if (CryptographicOperations.FixedTimeEquals(SHA256.HashData(Encoding.UTF8.GetBytes(found)), expected) && header.Length > 0)
            return;
        context.Response.Headers.WWWAuthenticate = "Bearer";
        throw new ApiException(
            401, "authentication_error", header.Length == 0 ? "found no key; expected the header Authorization: Bearer KEY" : "the key is not the right one",
            null, "invalid_api_key");
    }
}
