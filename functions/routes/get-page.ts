import { route } from '../handlers/route.ts'
import { pageAnswer } from '../http/page-answer.ts'
import { readPage } from '../page/read-page.ts'
import { rejectParameters } from '../http/route-input.ts'

/** `GET /_backup` */
export const handler = route(rejectParameters, async () => pageAnswer((await readPage()).html))
