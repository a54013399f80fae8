pub mod catalogue;
pub mod cifar10;
pub mod fetch;
pub mod images;
pub mod shapes;
