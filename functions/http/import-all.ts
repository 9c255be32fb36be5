import { importAnswer, importInput } from '../../shared/http/import-answer.ts'
import { jsonRoute } from '../../shared/http/json-route.ts'
import { services } from '../../shared/runtime/services.ts'

/** `POST /_backup/import` */
export const handler = jsonRoute(importInput, async (input) => importAnswer(await services(), input))
