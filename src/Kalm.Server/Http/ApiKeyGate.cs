using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace Kalm.Server.Http;

/// <summary>Lets in who knows the key: programs as a bearer token, people as the password that their browser asks for. Hashes are compared,
/// in constant time, so that neither the key nor its length shows in how long it takes.</summary>
/// <param name="key">The key.</param>
internal sealed class ApiKeyGate(string key)
{
    private const string Token = "Bearer ";
    private const string Password = "Basic ";
    private const string AskForPassword = "Basic realm=\"Kalm\", charset=\"UTF-8\"";
    private readonly byte[] expected = Hash(key);

    /// <summary>Fails unless the request carries the key.</summary>
    /// <exception cref="ApiException">401.</exception>
    public void Require(HttpContext context)
    {
        var header = context.Request.Headers.Authorization.ToString();
        if (CryptographicOperations.FixedTimeEquals(Hash(KeyOf(header)), expected) && header.Length > 0)
            return;
        // Only where a person looks may a browser open its window for passwords; it then sends the key with all that the page asks for.
        var isPage = context.Request.Headers.Accept.ToString().Contains("text/html", StringComparison.OrdinalIgnoreCase);
        string[] schemes = isPage ? ["Bearer", AskForPassword] : ["Bearer"];
        context.Response.Headers.WWWAuthenticate = schemes;
        throw new ApiException(
            401, "authentication_error",
            header.Length == 0 ? "found no key; expected the header Authorization: Bearer KEY" : "the key is not the right one",
            null, "invalid_api_key");
    }

    private static string KeyOf(string header)
    {
        if (header.StartsWith(Token, StringComparison.OrdinalIgnoreCase))
            return header[Token.Length..];
        if (!header.StartsWith(Password, StringComparison.OrdinalIgnoreCase))
            return "";
        var given = new byte[header.Length];
        if (!Convert.TryFromBase64String(header[Password.Length..], given, out var length))
            return "";
        // Whatever name they give.
        var pair = Encoding.UTF8.GetString(given, 0, length).Split(':', 2);
        return pair.Length == 2 ? pair[1] : "";
    }

    private static byte[] Hash(string text) => SHA256.HashData(Encoding.UTF8.GetBytes(text));
}
