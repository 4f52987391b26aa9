{#- The text of a list as a list of texts: [1, 2], ["a, b"] or ['x']; a bare value is a list of one. NULL: nothing there, or unreadable. -#}
{% macro list_in(text) -%}
    coalesce(
        try_cast({{ text }} as varchar[]),
        case when not {{ is_bracketed(text) }} and trim({{ text }}) <> '' then [{{ text }}] end
    )
{%- endmacro %}

{#- The same for numbers, rounded to whole ones. An element that is no number is NULL and leaves the others alone. -#}
{% macro numbers_in(text) -%}
    coalesce(
        try_cast({{ text }} as bigint[]),
        list_transform({{ list_in(text) }}, lambda element: try_cast(element as bigint))
    )
{%- endmacro %}

{#- Whether a text means to be a list: then it has to be read as one, or not at all. -#}
{% macro is_bracketed(text) -%}
    (starts_with(ltrim({{ text }}), '[') or ends_with(rtrim({{ text }}), ']'))
{%- endmacro %}

{#- Whether there is a text that neither reading makes a list of. -#}
{% macro is_unreadable(text, list) -%}
    ({{ list }} is null and trim({{ text }}) <> '')
{%- endmacro %}

{#- Whether an element of a list names an item. Other programs write what is missing as a word; 200 is the longest name in the tables. -#}
{% macro names_an_item(element) -%}
    (length({{ element }}) <= 200 and not regexp_full_match(trim({{ element }}), '(null|none|nan)?', 'i'))
{%- endmacro %}
