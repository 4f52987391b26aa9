{#- The first row of the earliest delivery of each key: what came first stands, whatever is delivered under its key later. -#}
{% macro earlier_delivery_wins(key) -%}
    qualify row_number() over (partition by {{ key | join(', ') }} order by delivery, source_row) = 1
{%- endmacro %}
