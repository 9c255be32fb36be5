/**
 * What a job's item (400 KB in all) and an answer (6 MB) show, whatever a request or an archive holds: the first hundred of a
 * list, and of each text so much. Ids of resources, of 255 characters at most, are whole. A report has everything.
 */
export const MAX_LISTED = 100
export const MAX_LISTED_CHARACTERS = 300

export const truncate = (text: string, characters: number): string =>
  text.length > characters ? `${text.slice(0, characters)}…` : text

/** The first of a list of ids, each cut where it is long. */
export const listedIds = (ids: readonly string[]): string[] =>
  ids.slice(0, MAX_LISTED).map((id) => truncate(id, MAX_LISTED_CHARACTERS))
