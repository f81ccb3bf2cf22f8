using System.Net.Http.Headers;
using Kalm.Files;

namespace Kalm.Language.Sources.Hub;

/// <summary>Requests to the hub. It follows redirects itself, because the token may go to the hub but to no other host, and because what
/// the hub says of a file stands in the redirect to where the file lies.</summary>
internal sealed class HubHttp : IDisposable
{
    private const int MostRedirects = 10;

    private readonly HubSettings settings;
    private readonly Action<string> waiting;
    private readonly HttpClient client;

    /// <param name="settings">The endpoint, the token and the timeouts.</param>
    /// <param name="waiting">Told why a request waits to be repeated.</param>
    public HubHttp(HubSettings settings, Action<string> waiting)
    {
        (this.settings, this.waiting) = (settings, waiting);
        // The default proxy is the one that HTTP_PROXY, HTTPS_PROXY and NO_PROXY name.
        var handler = new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, ConnectTimeout = settings.MetadataTimeout };
        client = new HttpClient(handler) { Timeout = Timeout.InfiniteTimeSpan };
        var version = typeof(HubHttp).Assembly.GetName().Version?.ToString();
        client.DefaultRequestHeaders.UserAgent.Add(new ProductInfoHeaderValue("kalm", version));
        // Lengths and ranges are those of the file, not of something compressed.
        client.DefaultRequestHeaders.AcceptEncoding.Add(new StringWithQualityHeaderValue("identity"));
    }

    public void Dispose() => client.Dispose();

    /// <summary>The address of something at the endpoint, from parts that are escaped here.</summary>
    public Uri Address(params IEnumerable<string> parts) =>
        new($"{settings.Endpoint.AbsoluteUri.TrimEnd('/')}/{string.Join('/', parts.Select(Uri.EscapeDataString))}");

    /// <summary>Sends a request and follows its redirects; the content is not read.</summary>
    /// <param name="method">GET or HEAD.</param>
    /// <param name="address">At the endpoint.</param>
    /// <param name="from">The first byte wanted.</param>
    /// <param name="leavesHub">Whether a redirect to another host is followed; otherwise it is what is returned.</param>
    /// <param name="timeout">How long the headers may take.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="HubFailure">No answer came.</exception>
    public async Task<HttpResponseMessage> Send(
        HttpMethod method, Uri address, long from, bool leavesHub, TimeSpan timeout, CancellationToken cancellation)
    {
        var isTrusted = true;
        for (var redirects = 0; redirects <= MostRedirects; redirects++)
        {
            var response = await SendOnce(method, address, from, isTrusted, timeout, cancellation);
            if ((int)response.StatusCode is not (301 or 302 or 303 or 307 or 308) || response.Headers.Location is not { } location)
                return response;
            address = new Uri(address, location);
            isTrusted &= IsHub(address);
            if (!isTrusted && !leavesHub)
                return response;
            response.Dispose();
            if (address.Scheme is not ("http" or "https"))
                throw new HubFailure(
                    $"{settings.Endpoint.Host}: a redirect to {FileFault.Quote(address.Scheme)}, expected an https address");
        }
        throw new HubFailure($"{settings.Endpoint.Host}: more than {MostRedirects} redirects");
    }

    /// <summary>Does something again while it fails in a way that may pass, waiting longer each time.</summary>
    /// <param name="attempts">How often at most.</param>
    /// <param name="request">What to do.</param>
    /// <param name="cancellation">Ends the wait too.</param>
    public async Task<T> Repeat<T>(int attempts, Func<Task<T>> request, CancellationToken cancellation)
    {
        for (var failures = 1; ; failures++)
            try
            {
                return await request();
            }
            catch (HubFailure failure) when (failure.IsTransient && failures < attempts)
            {
                await Wait(failures, failure, cancellation);
            }
    }

    /// <summary>Waits after the given number of failures: each time twice as long up to eight times the first, or as the server
    /// asks.</summary>
    public Task Wait(int failures, HubFailure failure, CancellationToken cancellation)
    {
        var delay = failure.RetryAfter ?? (settings.FirstDelay * (1 << Math.Min(failures - 1, 3)));
        waiting($"{failure.Message.Split('\n')[0]}; again in {delay.TotalSeconds:0} s");
        return Task.Delay(delay, cancellation);
    }

    /// <summary>A failure of the connection, or null for what is none.</summary>
    public static HubFailure? Failure(Uri address, Exception error, TimeSpan timeout, CancellationToken cancellation) => error switch
    {
        HttpRequestException { HttpRequestError: HttpRequestError.SecureConnectionError } secure => new HubFailure(
            $"{address.Host}: no secure connection: {secure.InnerException?.Message ?? secure.Message}", error),
        HttpRequestException or IOException =>
            new HubFailure($"{address.Host}: {error.Message}", error) { IsTransient = true, AllowsCache = true },
        OperationCanceledException when !cancellation.IsCancellationRequested => new HubFailure(
            $"{address.Host}: no answer within {timeout.TotalSeconds:0.#} s", error) { IsTransient = true, AllowsCache = true },
        _ => null,
    };

    private async Task<HttpResponseMessage> SendOnce(
        HttpMethod method, Uri address, long from, bool isTrusted, TimeSpan timeout, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(method, address);
        if (from > 0)
            request.Headers.Range = new RangeHeaderValue(from, null);
        if (isTrusted && settings.Token is { } token)
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        patience.CancelAfter(timeout);
        try
        {
            return await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, patience.Token);
        }
        catch (Exception error) when (Failure(address, error, timeout, cancellation) is { } failure)
        {
            throw failure;
        }
    }

    private bool IsHub(Uri address) =>
        Uri.Compare(address, settings.Endpoint, UriComponents.SchemeAndServer, UriFormat.Unescaped,
            StringComparison.OrdinalIgnoreCase) == 0;
}
