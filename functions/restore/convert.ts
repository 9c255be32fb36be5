import { convert } from '../../shared/restore/convert/convert.ts'
import { stage } from '../handlers/stage.ts'

export const handler = stage(convert)
