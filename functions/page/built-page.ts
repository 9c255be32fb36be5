import * as z from 'zod'

/** The page of the API: its document, and the files that the document loads, by name. */
export const BuiltPage = z
  .object({
    html: z.string(),
    files: z.record(z.string(), z.object({ type: z.string(), body: z.string() }).readonly()).readonly(),
  })
  .readonly()
export type BuiltPage = z.output<typeof BuiltPage>

/** The name of the file that contains the built page. It is in the same folder as the bundle of a function. */
export const BUILT_PAGE_FILE = 'page.json'
