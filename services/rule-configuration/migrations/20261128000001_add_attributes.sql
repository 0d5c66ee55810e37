-- What is registered of a body in a zone beside its road sections; null where nothing is.
alter table coefficient
    add column area_km2 text,
    add column population bigint check (population >= 0),
    add column grid_class text check (grid_class in ('1', '2'));
