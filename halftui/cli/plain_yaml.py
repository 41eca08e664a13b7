"""YAML without what files from outside could abuse: no references, no tags, no name twice."""

from typing import Any

import yaml


class PlainLoader(yaml.SafeLoader):
    """A loader that takes what JSON could say as well, and times."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        """Return the next node. Raises ComposerError for a reference."""
        if self.check_event(yaml.AliasEvent):
            raise yaml.composer.ComposerError(None, None, "references are not taken", None)
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """Return a mapping. Raises ConstructorError if a name stands twice in it."""
        names = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
        if len(set(names)) != len(names):
            raise yaml.constructor.ConstructorError(None, None, "a name stands twice", node.start_mark)
        return super().construct_mapping(node, deep)

    def construct_yaml_timestamp(self, node: Any) -> Any:
        """Return a time. Raises ConstructorError for what only looks like one, as 2026-13-41."""
        try:
            return super().construct_yaml_timestamp(node)
        except (ValueError, OverflowError) as error:
            raise yaml.constructor.ConstructorError(None, None, "this is no time", node.start_mark) from error


PlainLoader.add_constructor("tag:yaml.org,2002:timestamp", PlainLoader.construct_yaml_timestamp)
