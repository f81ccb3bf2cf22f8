using System.CommandLine;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using Kalm.Alignment;
using Kalm.Cli;
using Kalm.Server;
using Kalm.Server.Http;

namespace Kalm.Tests;

/// <summary>The reference is what the program says of itself. With <c>KALM_WRITE_REFERENCE=1</c> the pages are written instead.</summary>
public partial class ReferenceTests
{
    private const string Variable = "KALM_WRITE_REFERENCE";

    [Fact]
    public void The_page_of_verbs_is_what_the_command_line_takes()
    {
        var page = new StringBuilder("# Verbs and options\n\nMade from the command line itself; `kalm VERB --help` says the same.\n");
        Describe(Application.Commands(new Terminal(TextWriter.Null, TextWriter.Null, CancellationToken.None)), "kalm", page);
        Compare("docs/reference/verbs.md", page);
    }

    [Fact]
    public async Task The_page_of_routes_is_what_the_server_answers()
    {
        await using var server = new KalmServer(new ServerOptions { Model = "run", Graph = "graph", Urls = ["http://127.0.0.1:0"] });
        var page = new StringBuilder("# Routes\n\nMade from the table of routes; `GET /openapi.json` of a server tells every field. "
            + "[A service](../how-to/service.md) says how they are used.\n\n| route | what it does | parameters | request | answer |\n"
            + "| --- | --- | --- | --- | --- |\n");
        foreach (var route in server.Routes)
        {
            var parameters = route.Query.Concat(route.Headers).Select(one => $"`{one.Name}`: {Cell(one.Summary)}");
            page.Append(CultureInfo.InvariantCulture, $"| `{route.Method} {OpenApiDocument.PathOf(route)}` ")
                .Append(CultureInfo.InvariantCulture, $"| {Cell(route.Summary)} | {string.Join("; ", parameters)} ")
                .Append(CultureInfo.InvariantCulture, $"| {FieldsOf(route.Request)} ")
                .Append(CultureInfo.InvariantCulture, $"| {route.Status}{(route.MediaType is null ? "" : ", ")}{route.MediaType} |\n");
        }
        Compare("docs/reference/routes.md", page);

        static string FieldsOf(Type? request) => request is null ? ""
            : string.Join(", ", JsonNames(request).Select(name => $"`{name}`"));
    }

    [Fact]
    public void The_page_of_recipes_is_what_a_recipe_may_say()
    {
        var summaries = XDocument.Load(Path.Combine(AppContext.BaseDirectory, "Kalm.xml")).Descendants("member")
            .ToDictionary(member => (string)member.Attribute("name")!, member => member.Element("summary"));
        var defaults = JsonSerializer.SerializeToElement(new AlignmentOptions(), Json.Options);
        var page = new StringBuilder("# Recipes\n\nWhat `--recipe FILE` may say, made from the options themselves; a flag of the command "
            + "line beats it, and what it leaves out has the default.\n");
        foreach (var section in defaults.EnumerateObject().Where(section => section.Value.ValueKind == JsonValueKind.Object))
        {
            var type = typeof(AlignmentOptions).GetProperties().Single(property => NameOf(property.Name) == section.Name).PropertyType;
            page.Append(CultureInfo.InvariantCulture, $"\n## {section.Name}\n\n| option | default | meaning |\n| --- | --- | --- |\n");
            foreach (var property in type.GetProperties().Where(property => property.CanWrite))
            {
                var given = section.Value.TryGetProperty(NameOf(property.Name), out var value)
                    ? Space().Replace(value.GetRawText(), " ") : "";
                var summary = summaries.GetValueOrDefault($"P:{type.FullName}.{property.Name}");
                page.Append(CultureInfo.InvariantCulture,
                    $"| `{NameOf(property.Name)}` | {(given.Length > 0 ? $"`{Cell(given)}`" : "")} | {Cell(Said(summary))} |\n");
            }
        }
        Compare("docs/reference/recipes.md", page);

        static string NameOf(string name) => Json.Options.PropertyNamingPolicy!.ConvertName(name);
    }

    private static void Describe(Command command, string name, StringBuilder page)
    {
        if (command.Subcommands.Count == 0)
        {
            var words = command.Arguments.Select(
                argument => argument.Arity.MinimumNumberOfValues == 0 ? $" [{argument.Name}]" : $" {argument.Name}");
            page.Append(CultureInfo.InvariantCulture, $"\n## {name}\n\n{command.Description}\n\n`{name}{string.Concat(words)}`\n\n")
                .Append("| option | meaning |\n| --- | --- |\n");
            foreach (var argument in command.Arguments)
                page.Append(CultureInfo.InvariantCulture, $"| `{argument.Name}` | {Cell(argument.Description)} |\n");
            foreach (var option in command.Options.Where(option => !option.Hidden && option.Name != "--help"))
                page.Append(CultureInfo.InvariantCulture, $"| `{$"{option.Name} {Cell(option.HelpName)}".Trim()}` ")
                    .Append(CultureInfo.InvariantCulture, $"| {Cell(option.Description)}{(option.Required ? "; required" : "")} |\n");
        }
        foreach (var verb in command.Subcommands)
            Describe(verb, $"{name} {verb.Name}", page);
    }

    private static IEnumerable<string> JsonNames(Type type) =>
        Wire.Options.GetTypeInfo(type).Properties.Where(property => !property.IsExtensionData).Select(property => property.Name);

    // The words of a summary: of a reference its last name.
    private static string Said(XElement? summary) => summary is null ? ""
        : Space().Replace(string.Concat(summary.Nodes().Select(node => node switch
        {
            XElement element when (string?)element.Attribute("cref") is { } other => $"`{LastName().Match(other).Value}`",
            XElement element => $"`{element.Value}`",
            _ => node.ToString(),
        })), " ").Trim();

    private static string Cell(string? text) =>
        (text ?? "").ReplaceLineEndings(" ").Replace("|", "\\|", StringComparison.Ordinal).Replace("<", "\\<", StringComparison.Ordinal);

    private static void Compare(string document, StringBuilder page)
    {
        if (Environment.GetEnvironmentVariable(Variable) == "1")
            File.WriteAllText(Documents.PathOf(document), page.ToString());
        Assert.Equal(page.ToString(), Documents.Text(document), ignoreLineEndingDifferences: true);
    }

    [GeneratedRegex(@"\s+")]
    private static partial Regex Space();

    [GeneratedRegex(@"[^.:]+$")]
    private static partial Regex LastName();
}
