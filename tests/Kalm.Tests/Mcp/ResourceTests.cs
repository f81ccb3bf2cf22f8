using System.Text.Json.Nodes;
using Kalm.Mcp;
using Kalm.Server;
using Kalm.Tests.Server;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;

namespace Kalm.Tests.Mcp;

[Collection(nameof(RunningServer))]
public class ResourceTests(RunningMcp mcp) : IClassFixture<RunningMcp>
{
    [Theory]
    [InlineData(40, new[] { 41, 40, 24 })]
    [InlineData(1, new[] { 4, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 2 })]
    public async Task Pages_of_resources_name_the_relations_and_every_entity_once_and_are_no_more_than_clients_read(int answers, int[] pages)
    {
        await using var small = McpOverHttp.Server(mcp.Routes.Options(new ServerLimits { Answers = answers }), isWriting: false);
        await small.Start(RunningServer.Cancellation);
        await small.Ready.WaitAsync(RunningServer.Cancellation);
        await using var client = await RunningMcp.Connect(small);
        var (seen, sizes, cursor) = (new List<Resource>(), new List<int>(), (string?)null);
        do
        {
            var page = await client.ListResourcesAsync(
                new ListResourcesRequestParams { Cursor = cursor }, RunningServer.Cancellation);
            seen.AddRange(page.Resources);
            sizes.Add(page.Resources.Count);
            cursor = page.NextCursor;
        }
        while (cursor is not null);
        Assert.Equal(pages, sizes);
        Assert.Equal("kalm://relations", seen[0].Uri);
        Assert.Equal(
            mcp.Routes.Graph.Entities.Select(entity => $"kalm://entity/{entity.Id}").Order(StringComparer.Ordinal),
            seen.Skip(1).Select(resource => resource.Uri));
        Assert.All(seen, resource => Assert.NotEqual("", resource.Description));
    }

    [Fact]
    public async Task An_entity_is_read_as_json_and_as_a_text()
    {
        var read = await mcp.Client.ReadResourceAsync("kalm://entity/bird16", cancellationToken: RunningServer.Cancellation);
        Assert.Equal(["application/json", "text/plain"], read.Contents.Select(content => content.MimeType));
        var expected = await mcp.Routes.GetWell("/v1/entities/bird16?predict=0");
        var texts = read.Contents.Cast<TextResourceContents>().Select(content => content.Text).ToList();
        Assert.Equal(expected.ToJsonString(), JsonNode.Parse(texts[0])!.ToJsonString());
        Assert.StartsWith("bird16 (bird16)\nbird16, a bird of number 16\n", texts[1], StringComparison.Ordinal);
        Assert.Contains("\nkind of: bird\n", texts[1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_relations_are_read_with_both_their_texts()
    {
        var read = await mcp.Client.ReadResourceAsync("kalm://relations", cancellationToken: RunningServer.Cancellation);
        var relations = JsonNode.Parse(Assert.IsType<TextResourceContents>(read.Contents[0]).Text)!["relations"]!.AsArray();
        Assert.Equal(
            ["kind_of: kind of / has kind", "lives_with: lives with / lives with"],
            relations.Select(relation => $"{relation!["id"]}: {relation["text"]} / {relation["inverse_text"]}"));
    }

    [Theory]
    [InlineData("kalm://entity/nobody", "nobody")]
    [InlineData("kalm://entities", "kalm://entity/{id}")]
    public async Task What_is_no_resource_is_told(string address, string mentioned)
    {
        var error = await Assert.ThrowsAsync<McpProtocolException>(
            async () => await mcp.Client.ReadResourceAsync(address, cancellationToken: RunningServer.Cancellation));
        Assert.Contains(mentioned, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_template_names_entities_and_words_complete_its_id()
    {
        var template = Assert.Single(await mcp.Client.ListResourceTemplatesAsync(cancellationToken: RunningServer.Cancellation));
        Assert.Equal("kalm://entity/{id}", template.UriTemplate);
        var reference = new ResourceTemplateReference { Uri = template.UriTemplate };
        var found = (await mcp.Client.CompleteAsync(reference, "id", "frog1", cancellationToken: RunningServer.Cancellation)).Completion;
        Assert.Equal(
            mcp.Routes.Graph.Entities.Select(entity => entity.Id).Where(id => id.Contains("frog1", StringComparison.Ordinal)).Order(),
            found.Values.Order());
        var all = (await mcp.Client.CompleteAsync(reference, "id", "", cancellationToken: RunningServer.Cancellation)).Completion;
        Assert.Equal((100, true), (all.Values.Count, all.HasMore));
        await Assert.ThrowsAsync<McpProtocolException>(
            async () => await mcp.Client.CompleteAsync(reference, "name", "frog", cancellationToken: RunningServer.Cancellation));
    }
}
