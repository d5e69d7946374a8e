/**
 * Where decoding keeps, when asked, the fields that the descriptor lacks: tags and values as they were on the
 * wire, joined. Encoding writes them after the known fields. A spread copies it; JSON does not show it.
 */
export const unknownFields: unique symbol = Symbol("unknown protobuf fields");
