import { route } from '../handlers/route.ts'
import { rejectParameters } from '../http/route-input.ts'

/**
 * `GET /_backup/openapi.json`. The modules of the document are loaded when it is requested, because this function also
 * serves the page, which would otherwise load more slowly.
 */
export const handler = route(rejectParameters, async () => {
  const { apiDocument } = await import('../openapi/document.ts')
  return { status: 200, body: apiDocument() }
})
