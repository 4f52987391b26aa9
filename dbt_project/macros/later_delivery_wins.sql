{#- Rows of the latest delivery of each key; every row of that delivery stays, for a refund may share its key. -#}
{% macro later_delivery_wins(key) -%}
    qualify rank() over (partition by {{ key | join(', ') }} order by delivery desc) = 1
{%- endmacro %}
