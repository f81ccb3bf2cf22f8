using System.Net;
using System.Text;

namespace Kalm.Cli.Reports;

/// <summary>A report: one HTML file that holds its images and needs no network; light, dark or printed, on a phone as on a desk. What is
/// given as text is text there, never markup.</summary>
internal sealed class ReportPage
{
    private const string Style = """
        :root { --paper: #fbfaf7; --ink: #1e2528; --muted: #59656a; --line: #dfddd5; color-scheme: light dark }
        @media (prefers-color-scheme: dark) {
          :root { --paper: #14181a; --ink: #e3e7e6; --muted: #9da8ab; --line: #30383b }
        }
        * { box-sizing: border-box }
        body { max-width: 72rem; margin: 0 auto; padding: 2rem 1.25rem 4rem; background: var(--paper); color: var(--ink);
          font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, Arial, sans-serif; overflow-wrap: break-word }
        h1, h2 { font-family: "Iowan Old Style", Palatino, Georgia, serif; line-height: 1.2 }
        h1 { margin: 0 0 .75rem; font-size: 2rem }
        h2 { margin: 2.5rem 0 .5rem; font-size: 1.35rem }
        p { max-width: 46rem; margin: .5rem 0 }
        .note, figcaption, dd, caption { color: var(--muted); font-size: .9375rem }
        .table { margin: 1rem 0; overflow-x: auto }
        table { border-collapse: collapse; font-variant-numeric: tabular-nums }
        th, td { padding: .35rem .9rem .35rem 0; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top }
        th { color: var(--muted); font-weight: 400; font-size: .875rem }
        .stacked td { max-width: 24rem }
        .number { text-align: right }
        td.number { white-space: nowrap }
        dl { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: .15rem 1rem; align-items: baseline;
          max-width: 46rem; margin: .75rem 0 }
        dt { font-weight: 600 }
        dd { margin: 0 }
        .plots { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 26rem), 1fr)); gap: 1rem }
        figure { margin: 0 }
        img { display: block; width: 100%; height: auto; padding: .25rem; border: 1px solid var(--line); border-radius: 6px;
          background: #fff }
        @media (min-width: 100rem) { body { max-width: 84rem } }
        @media (max-width: 40rem) {
          body { padding: 1.25rem 1rem 3rem }
          table { font-size: .875rem }
          th { font-size: .75rem; vertical-align: bottom }
          th, td { padding-right: .5rem }
          dl { display: block }
          dt { margin-top: .5rem }
          .stacked thead { display: none }
          .stacked tr { display: block; padding: .6rem 0; border-bottom: 1px solid var(--line) }
          .stacked td { display: block; max-width: none; padding: .1rem 0; border: 0; text-align: left; white-space: normal }
          .stacked td:not(:first-child)::before { content: attr(data-label) ": "; color: var(--muted) }
          .stacked td:first-child { font-weight: 600 }
        }
        @media print {
          :root { --paper: #fff; --ink: #000; --muted: #444; --line: #bbb; color-scheme: light }
          body { max-width: none; padding: 0; font-size: 10pt }
          .stacked td { max-width: 14rem }
          h2, tr, figure, dl { break-inside: avoid }
          h2 { break-after: avoid }
        }
        """;

    private readonly StringBuilder body = new();
    private readonly string title;

    /// <summary>Begins a report.</summary>
    /// <param name="title">What it is about.</param>
    public ReportPage(string title)
    {
        this.title = title;
        body.Append($"<h1>{Text(title)}</h1>\n");
    }

    /// <summary>Begins a section.</summary>
    public ReportPage Section(string heading) => Add($"<h2>{Text(heading)}</h2>\n");

    /// <summary>A paragraph.</summary>
    public ReportPage Say(string text) => Add($"<p>{Text(text)}</p>\n");

    /// <summary>A paragraph beside the matter.</summary>
    public ReportPage Note(string text) => Add($"<p class=\"note\">{Text(text)}</p>\n");

    /// <summary>What the words of a section mean, a sentence each.</summary>
    public ReportPage Define(params (string Word, string Meaning)[] words) =>
        Add($"<dl>\n{string.Concat(words.Select(item => $"<dt>{Text(item.Word)}</dt><dd>{Text(item.Meaning)}</dd>\n"))}</dl>\n");

    /// <summary>A table whose first column names the rows and whose others are numbers, or with
    /// <paramref name="isStacked"/> words, which stand below each other on a narrow screen.</summary>
    public ReportPage Table(IReadOnlyList<string> headings, IEnumerable<IReadOnlyList<string>> rows, bool isStacked = false)
    {
        body.Append($"<div class=\"table\" tabindex=\"0\" role=\"group\" aria-label=\"{Text(string.Join(", ", headings.Where(Words)))}\">")
            .Append(isStacked ? "<table class=\"stacked\">" : "<table>").Append("\n<thead><tr>");
        foreach (var (column, heading) in headings.Index())
            body.Append(Words(heading) ? $"<th scope=\"col\"{Number(column)}>{Text(heading)}</th>" : "<td></td>");
        body.Append("</tr></thead>\n<tbody>\n");
        foreach (var row in rows)
            body.Append("<tr>").AppendJoin("", row.Select((cell, column) => $"<td{Number(column)}{Label(column)}>{Text(cell)}</td>"))
                .Append("</tr>\n");
        return Add("</tbody></table></div>\n");

        string Number(int column) => column > 0 && !isStacked ? " class=\"number\"" : "";

        string Label(int column) => isStacked ? $" data-label=\"{Text(headings[column])}\"" : "";

        static bool Words(string heading) => heading.Length > 0;
    }

    /// <summary>Images beside each other where there is room.</summary>
    /// <param name="images">Each with what it shows, as PNG.</param>
    public ReportPage Plots(params (string Description, byte[] Png)[] images) => Add("<div class=\"plots\">\n" + string.Concat(
        images.Select(image => $"<figure><img alt=\"{Text(image.Description)}\" src=\"data:image/png;base64,"
            + $"{Convert.ToBase64String(image.Png)}\"></figure>\n")) + "</div>\n");

    /// <summary>The file.</summary>
    public override string ToString() =>
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width, "
        + $"initial-scale=1\"><meta name=\"color-scheme\" content=\"light dark\"><title>{Text(title)} · Kalm</title><style>\n{Style}\n"
        + $"</style></head><body><main>\n{body}</main></body></html>\n";

    private ReportPage Add(string html)
    {
        body.Append(html);
        return this;
    }

    private static string Text(string text) => WebUtility.HtmlEncode(text);
}
