/** What a user has entered for an export. */
export interface ExportForm {
  readonly models: string
  readonly ids: string
  readonly qb: string
  readonly strict: boolean
  readonly format: 'acbak' | 'specstar'
}

type Strategy = 'overwrite' | 'skip' | 'raise_error'

/** What a user has entered for a restore. */
export interface RestoreForm {
  /** Empty for all models of the archive. */
  readonly model: string
  readonly ids: string
  readonly strategy: Strategy
  readonly strict: boolean
}

/** Where the archive of a restore is. */
export type ArchiveSource =
  | { readonly in: 's3'; readonly bucket: string; readonly key: string; readonly version_id?: string }
  | { readonly in: 'file'; readonly file: File }

/** Returns the values of a list that is separated by commas or lines. */
const listOf = (text: string): string[] =>
  text
    .split(/[,\n]/)
    .map((one) => one.trim())
    .filter((one) => one !== '')

/** Returns the parameters of an export, without those that are empty. */
export const exportBody = ({ models, ids, qb, strict, format }: ExportForm): object => ({
  ...listMember('models', models),
  ...listMember('ids', ids),
  ...(qb.trim() === '' ? {} : { qb: qb.trim() }),
  strict,
  format,
  wait: 0,
})

const listMember = (name: string, text: string): object => {
  const list = listOf(text)
  return list.length === 0 ? {} : { [name]: list }
}

interface RestoreRequest {
  readonly path: string
  readonly body: object | File
}

/** Returns the request of a restore, or of its dry run. If the body is a file, the parameters are in the query. */
export const restoreRequest = (source: ArchiveSource, form: RestoreForm, dryRun: boolean): RestoreRequest => {
  const { model, ids, strategy, strict } = form
  const path = model === '' ? '/_backup/import' : `/${encodeURIComponent(model)}/import`
  if (source.in === 'file') {
    const query = new URLSearchParams({
      on_duplicate: strategy,
      dry_run: String(dryRun),
      strict: String(strict),
      wait: '0',
    })
    for (const id of listOf(ids)) query.append('ids', id)
    return { path: `${path}?${query.toString()}`, body: source.file }
  }
  const { bucket, key, version_id } = source
  return {
    path,
    body: {
      from: { bucket, key, ...(version_id === undefined ? {} : { version_id }) },
      ...listMember('ids', ids),
      on_duplicate: strategy,
      dry_run: dryRun,
      strict,
      wait: 0,
    },
  }
}
