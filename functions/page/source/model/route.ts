/** The view that the page shows. It is in the fragment of the address, so links, reloads and the back button work. */
export interface Route {
  readonly view: string
  readonly id?: string
  readonly query: URLSearchParams
}

/** Parses a fragment such as `#/jobs/abc?tab=report`. */
export const parseRoute = (hash: string): Route => {
  const [path = '', query = ''] = hash.replace(/^#\/?/, '').split('?', 2)
  const [view = '', id] = path.split('/')
  return {
    view: view === '' ? 'overview' : view,
    ...(id === undefined || id === '' ? {} : { id: decoded(id) }),
    query: new URLSearchParams(query),
  }
}

const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

export const jobHref = (jobId: string): string => `#/jobs/${encodeURIComponent(jobId)}`

/** The address of the view that restores an archive. An archive may outlive its job, so the link contains its key. */
export const restoreHref = (archive: {
  readonly job_id?: string
  readonly bucket: string
  readonly key: string
  readonly version_id?: string | undefined
}): string => {
  const query = new URLSearchParams({ bucket: archive.bucket, key: archive.key })
  if (archive.version_id !== undefined) query.set('version_id', archive.version_id)
  if (archive.job_id !== undefined) query.set('job', archive.job_id)
  return `#/restore?${query.toString()}`
}
