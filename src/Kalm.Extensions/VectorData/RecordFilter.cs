using System.Linq.Expressions;
using Microsoft.Extensions.VectorData;

namespace Kalm.Extensions.VectorData;

/// <summary>Reads what callers say of records: any condition and order over id, name and text, which are at hand for every entity; the
/// vector is not, and is refused by name.</summary>
internal static class RecordFilter
{
    /// <summary>The condition.</summary>
    /// <exception cref="NotSupportedException">It looks at the vector.</exception>
    public static Func<EntityRecord, bool> Of(Expression<Func<EntityRecord, bool>> filter)
    {
        new Look("filter").Visit(filter);
        return filter.Compile();
    }

    /// <summary>Records in the order asked for; by their ids where none is.</summary>
    /// <exception cref="NotSupportedException">It looks at the vector.</exception>
    public static IEnumerable<EntityRecord> Ordered(
        IEnumerable<EntityRecord> records, FilteredRecordRetrievalOptions<EntityRecord>? options)
    {
        var ordered = records.Order(Comparer<EntityRecord>.Create((_, _) => 0));
        foreach (var by in options?.OrderBy?.Invoke(new()).Values ?? [])
        {
            new Look("OrderBy").Visit(by.PropertySelector);
            var key = by.PropertySelector.Compile();
            ordered = by.Ascending
                ? ordered.ThenBy(record => key(record) as string, StringComparer.Ordinal)
                : ordered.ThenByDescending(record => key(record) as string, StringComparer.Ordinal);
        }
        return ordered.ThenBy(record => record.Id, StringComparer.Ordinal);
    }

    private sealed class Look(string place) : ExpressionVisitor
    {
        protected override Expression VisitMember(MemberExpression node)
        {
            ArgumentNullException.ThrowIfNull(node);
            if (node.Member.DeclaringType == typeof(EntityRecord) && node.Member.Name == nameof(EntityRecord.Vector))
                throw new NotSupportedException($"{place}: found Vector; expected Id, Name or Text");
            return base.VisitMember(node);
        }
    }
}
