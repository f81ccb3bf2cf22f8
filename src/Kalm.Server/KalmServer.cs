using Kalm.Server.Http;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using OpenTelemetry.Metrics;
using Route = Kalm.Server.Http.Route;

namespace Kalm.Server;

/// <summary>Serves one model and its graph over HTTP. It listens at once; until the model is loaded its routes are answered
/// with 503, and those that need the index until that is made.</summary>
public sealed class KalmServer : IAsyncDisposable
{
    /// <summary>The environment variable that names where metrics go; without it none are exported.</summary>
    private const string ExporterVariable = "OTEL_EXPORTER_OTLP_ENDPOINT";

    private readonly WebApplication application;
    private readonly ServerOptions options;
    private readonly ServerMetrics metrics = new();
    private readonly ModelHost host;
    private readonly RouteTable routes;
    private readonly ILogger log;
    private bool isListening;
    private bool isStopped;

    /// <summary>Prepares a server.</summary>
    /// <param name="options">What is served, and where.</param>
    public KalmServer(ServerOptions options) : this(options, null)
    {
    }

    /// <summary>Prepares a server.</summary>
    /// <param name="options">What is served, and where.</param>
    /// <param name="added">What else is spoken at its address; null for nothing.</param>
    internal KalmServer(ServerOptions options, AddedProtocol? added)
    {
        this.options = options;
        application = Build(options, added);
        log = application.Services.GetRequiredService<ILoggerFactory>().CreateLogger("Kalm.Server");
        host = new ModelHost(options, metrics, log);
        routes = new RouteTable(host, options, metrics);
        Map(added);
    }

    /// <summary>The addresses it listens at, once it is started.</summary>
    public IReadOnlyList<string> Urls =>
        [.. application.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()?.Addresses ?? []];

    /// <summary>Completes when all requests can be answered; fails when they never will.</summary>
    public Task Ready => host.Ready;

    /// <summary>The routes.</summary>
    internal IReadOnlyList<Route> Routes => routes.Routes;

    /// <summary>What counts.</summary>
    internal ServerMetrics Metrics => metrics;

    /// <summary>The model, once it is ready.</summary>
    internal ModelHost Host => host;

    /// <summary>Every route that the web framework knows, by method and path.</summary>
    internal IEnumerable<(string Method, string Path)> MappedRoutes => application.Services
        .GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
        .SelectMany(endpoint =>
            endpoint.Metadata.GetMetadata<HttpMethodMetadata>()!.HttpMethods.Select(method => (method, endpoint.RoutePattern.RawText!)));

    /// <summary>Starts to listen and to load.</summary>
    /// <exception cref="KalmException">An address cannot be listened at.</exception>
    public async Task Start(CancellationToken cancellation)
    {
        await Listen(cancellation);
        Load();
    }

    /// <summary>Begins to load the model.</summary>
    internal void Load() => host.Start();

    /// <summary>Begins to listen.</summary>
    internal async Task Listen(CancellationToken cancellation)
    {
        foreach (var address in options.Urls)
            ListeningAddress.Require(address);
        try
        {
            await application.StartAsync(cancellation);
        }
        catch (Exception error) when (error is IOException or FormatException
            or InvalidOperationException or System.Net.Sockets.SocketException)
        {
            throw ListeningAddress.Fault(options.Urls, error);
        }
        isListening = true;
        ServerLog.Listening(log, string.Join(' ', Urls));
    }

    /// <summary>Lets no new requests in, finishes those under way within <see cref="ServerLimits.DrainTime"/>, and frees the
    /// model.</summary>
    public async Task Stop()
    {
        if (isStopped)
            return;
        isStopped = true;
        if (isListening)
            ServerLog.Stopping(log, options.Limits.DrainTime.TotalSeconds);
        using var patience = new CancellationTokenSource(options.Limits.DrainTime);
        await application.StopAsync(patience.Token);
        await host.Stop(patience.Token);
    }

    /// <summary>Serves until it is told to stop.</summary>
    /// <exception cref="KalmException">The model or the graph cannot be loaded.</exception>
    public async Task Run(CancellationToken stop)
    {
        await Start(stop);
        var asked = Task.Delay(Timeout.Infinite, stop);
        await Task.WhenAny(Ready, asked);
        if (Ready.IsFaulted)
            await Ready;
        await asked.ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        await Stop();
    }

    private static WebApplication Build(ServerOptions options, AddedProtocol? added)
    {
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory });
        builder.WebHost.UseUrls([.. options.Urls]);
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = options.Limits.BodyBytes;
        });
        // Signals are the program's affair.
        builder.Services.AddSingleton<IHostLifetime, NoLifetime>();
        builder.Services.AddSingleton(options.Limits);
        builder.Services.Configure<HostOptions>(hosting => hosting.ShutdownTimeout = options.Limits.DrainTime);
        ServerLog.Configure(builder.Logging, options);
        added?.Register(builder.Services);
        // The exporter reads its other variables (OTEL_EXPORTER_OTLP_PROTOCOL, OTEL_SERVICE_NAME, ...) itself.
        if (!string.IsNullOrEmpty(Environment.GetEnvironmentVariable(ExporterVariable)))
            builder.Services.AddOpenTelemetry().WithMetrics(measures => measures.AddMeter(ServerMetrics.MeterName).AddOtlpExporter());
        return builder.Build();
    }

    private void Map(AddedProtocol? added)
    {
        var requests = new Requests(options.ApiKey is { } key ? new ApiKeyGate(key) : null, host, metrics, log);
        var origins = new CrossOrigin(options.Origins);
        application.Use((context, next) => origins.Answer(context) ? Task.CompletedTask : next(context));
        // What answers GET answers HEAD; the web server leaves the body out by what the client asked.
        application.Use((context, next) =>
        {
            if (HttpMethods.IsHead(context.Request.Method))
                context.Request.Method = HttpMethods.Get;
            return next(context);
        });
        application.UseRouting();
        application.Use((context, next) => requests.Run(
            context, context.GetEndpoint()?.Metadata.GetMetadata<Route>(), () => next(context)));
        foreach (var route in routes.Routes)
            application.MapMethods(route.Path, [route.Method], (RequestDelegate)(context => route.Answer(context))).WithMetadata(route);
        added?.Map(application, host);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await Stop();
        await application.DisposeAsync();
        host.Dispose();
        metrics.Dispose();
    }

    private sealed class NoLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
