export default ['loaded later']
