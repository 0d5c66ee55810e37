-- Whoever acknowledges under the name of a consumer first owns it, so that nobody else moves it on over publications that
-- it has not seen: the subject of a token. Empty where nobody was asked who they are; the next one who is asked owns it.
alter table consumer add column owner text not null default '';
