{#- The last row of the latest delivery of each key, where a key stands for one thing and a file may name it twice. -#}
{% macro last_row_wins(key) -%}
    qualify row_number() over (partition by {{ key | join(', ') }} order by delivery desc, source_row desc) = 1
{%- endmacro %}
