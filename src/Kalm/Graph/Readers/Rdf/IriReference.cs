namespace Kalm.Graph.Readers.Rdf;

/// <summary>Resolves references against a base, as RFC 3986 does (5.2); nothing else of an IRI is changed.</summary>
internal static class IriReference
{
    /// <summary>The IRI that a reference stands for.</summary>
    /// <param name="baseIri">The base; empty leaves the reference as it is.</param>
    /// <param name="reference">The reference; an absolute one stays as it is.</param>
    public static string Resolve(string baseIri, string reference)
    {
        if (baseIri.Length == 0 || RdfLexical.HasScheme(reference))
            return reference;
        var start = Parts.Of(baseIri);
        var part = Parts.Of(reference);
        if (part.HasAuthority)
            return start.Scheme + Authority(part) + WithoutDots(part.Path) + part.Query + part.Fragment;
        if (part.Path.Length == 0)
            return start.Scheme + Authority(start) + start.Path + (part.Query.Length > 0 ? part.Query : start.Query) + part.Fragment;
        var path = part.Path[0] == '/' ? part.Path
            : start.HasAuthority && start.Path.Length == 0 ? "/" + part.Path
            : start.Path[..(start.Path.LastIndexOf('/') + 1)] + part.Path;
        return start.Scheme + Authority(start) + WithoutDots(path) + part.Query + part.Fragment;
    }

    /// <summary>An IRI without its fragment.</summary>
    public static string WithoutFragment(string iri) => iri.IndexOf('#', StringComparison.Ordinal) is >= 0 and var hash ? iri[..hash] : iri;

    private static string Authority(Parts parts) => parts.HasAuthority ? "//" + parts.Authority : "";

    private static string WithoutDots(string path)
    {
        if (!path.Contains("/.", StringComparison.Ordinal) && !path.StartsWith('.'))
            return path;
        var made = new List<string>();
        var segments = path.Split('/');
        for (var index = 0; index < segments.Length; index++)
        {
            var isLast = index == segments.Length - 1;
            if (segments[index] is not ("." or ".."))
            {
                made.Add(segments[index]);
                continue;
            }
            // The empty segment before the first slash stays: nothing is above the root.
            if (segments[index] == ".." && made.Count > (path[0] == '/' ? 1 : 0))
                made.RemoveAt(made.Count - 1);
            if (isLast)
                made.Add("");
        }
        return string.Join('/', made);
    }

    /// <summary>The parts of a reference, each with its delimiter but the authority.</summary>
    private readonly record struct Parts(string Scheme, bool HasAuthority, string Authority, string Path, string Query, string Fragment)
    {
        public static Parts Of(string reference)
        {
            var rest = reference;
            var fragment = Cut(ref rest, '#');
            var query = Cut(ref rest, '?');
            var scheme = "";
            if (RdfLexical.HasScheme(rest))
            {
                var colon = rest.IndexOf(':', StringComparison.Ordinal) + 1;
                (scheme, rest) = (rest[..colon], rest[colon..]);
            }
            if (!rest.StartsWith("//", StringComparison.Ordinal))
                return new Parts(scheme, false, "", rest, query, fragment);
            var slash = rest.IndexOf('/', 2);
            return slash < 0 ? new Parts(scheme, true, rest[2..], "", query, fragment)
                : new Parts(scheme, true, rest[2..slash], rest[slash..], query, fragment);
        }

        private static string Cut(ref string text, char delimiter)
        {
            var at = text.IndexOf(delimiter, StringComparison.Ordinal);
            if (at < 0)
                return "";
            var behind = text[at..];
            text = text[..at];
            return behind;
        }
    }
}
