import { byRoute } from '../handlers/by-route.ts'
import { handler as getOpenApi } from './get-openapi.ts'
import { handler as getPageFile } from './get-page-file.ts'
import { handler as getPage } from './get-page.ts'

/** The page, its files and the OpenAPI document. */
export const handler = byRoute({
  'GET /_backup': getPage,
  'GET /_backup/ui/{file}': getPageFile,
  'GET /_backup/openapi.json': getOpenApi,
})
