namespace Kalm.Templates;

/// <summary>What stands behind <c>is</c>.</summary>
/// <param name="operations">Compares.</param>
internal sealed class TemplateTests(TemplateOperations operations)
{
    /// <summary>Whether a test holds.</summary>
    public bool Holds(string name, object value, TemplateArguments arguments)
    {
        var place = arguments.Place;
        switch (name)
        {
            case "==" or "eq" or "equalto":
                return operations.AreEqual(place, value, Other());
            case "ne":
                return !operations.AreEqual(place, value, Other());
            case "lt" or "lessthan":
                return operations.Compare(place, "<", value, Other());
            case "le":
                return operations.Compare(place, "<=", value, Other());
            case "gt" or "greaterthan":
                return operations.Compare(place, ">", value, Other());
            case "ge":
                return operations.Compare(place, ">=", value, Other());
            case "in":
                return operations.Contains(place, Other(), value);
            case "sameas":
                return Other() is var other && (ReferenceEquals(value, other)
                    || (value.GetType() == other.GetType() && value is None or bool or long && value.Equals(other)));
            case "divisibleby":
                return WholeOf(place, value) is var number && operations.Calculate(place, "%", number, WholeOf(place, Other())) is 0L;
        }
        arguments.Check(0);
        return name switch
        {
            "defined" => value is not Undefined,
            "undefined" => value is Undefined,
            "none" => value is None,
            "string" => value is MarkedText,
            "mapping" => value is TemplateMap,
            "sequence" => value is MarkedText or TemplateMap or TemplateList { IsStream: false } or Undefined,
            "iterable" => value is MarkedText or TemplateMap or TemplateList or Undefined,
            "number" => value is long or double or bool,
            "integer" => value is long,
            "float" => value is double,
            "boolean" => value is bool,
            "true" => value is true,
            "false" => value is false,
            "callable" => value is Macro or BoundMethod or GlobalFunction,
            "odd" => WholeOf(place, value) % 2 != 0,
            "even" => WholeOf(place, value) % 2 == 0,
            _ => throw TemplateVocabulary.Refusal(place, "test", name, TemplateVocabulary.Tests),
        };

        object Other() => arguments.Check(1, "other").Find(0, "other")!;
    }

    private static long WholeOf(TemplatePlace place, object value) =>
        value is long or bool ? TemplateOperations.Whole(value) : throw new TemplateException(
            place, $"found {TemplateOperations.Describe(value)}; expected a whole number");
}
