export const shout = word => `${word}!`
