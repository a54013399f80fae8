pub mod cifar10;
