{#- A finding about an event: what, in which list, and whether the event is left out for it. -#}
{% macro finding(what, list=none, left_out=false) -%}
    struct_pack(
        finding := '{{ what }}',
        detail := {% if list %}'{{ list }}'{% else %}null::varchar{% endif %},
        left_out := {{ left_out | lower }}
    )
{%- endmacro %}
