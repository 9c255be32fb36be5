import { route } from '../handlers/route.ts'
import { rejectParameters } from '../http/route-input.ts'
import { apiDocument } from '../openapi/document.ts'

/** `GET /_backup/openapi.json` */
export const handler = route(rejectParameters, () => ({ status: 200, body: apiDocument() }))
