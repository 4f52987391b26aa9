{#- Without this, dbt would call schemas main_<name>; a product's tables stand side by side in one. -#}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ target.schema }}
{%- endmacro %}
