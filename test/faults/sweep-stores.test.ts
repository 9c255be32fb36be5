import { tellWhole } from './sweep-stories.ts'

tellWhole('stores')
